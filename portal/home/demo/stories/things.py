"""Customers, lamps and tables that the stories are about. Invented."""

from random import Random

CUSTOMERS = (
    "Ana Ribeiro", "Karl Nyström", "Yara Haddad", "Oliver Grant", "Mina Sato", "Piotr Zielak",
    "Clara Dubois", "Tomás Iglesias", "Freya Lund", "Noah Becker", "Elif Kaya", "Hugo Martens",
    "Saoirse Byrne", "Luca Moretti", "Agnes Varga", "Idris Bello", "Marta Kowal", "Jonah Reed",
)  # fmt: skip
PRODUCTS = (
    ("Halden desk lamp", "64.00"), ("Brisa floor lamp", "139.00"), ("Otto side table", "84.20"),
    ("Linnea pendant", "112.50"), ("Vesper wall light", "49.90"), ("Marlow stool", "72.00"),
    ("Nook bookshelf", "189.00"), ("Tindra candle set", "18.40"), ("Pike reading chair", "420.00"),
    ("Arlo dimmer", "22.50"), ("Salto bulb pack", "14.90"), ("Ember lampshade", "24.00"),
)  # fmt: skip
CARRIERS = ("ParcelOne", "Nordfracht", "QuickPost")


def customer(chance: Random) -> tuple[str, str]:
    """Give a name and an address for mail."""
    name = chance.choice(CUSTOMERS)
    plain = name.lower().replace("ö", "o").replace("á", "a").replace(" ", ".")
    return name, f"{plain}@mail.example"


def order_number(chance: Random) -> str:
    return str(chance.randint(10_400, 19_900))
