"""Payment cards, bank accounts and phone numbers, told from other numbers.

A card needs an issuer's first digits, a length of that issuer and the Luhn sum; an IBAN
its country's length and mod 97. A phone number has no check digit, so only what is
written as one counts: with its country, in a national grouping, or after a word for it.
Every pattern is linear: quantifiers are bounded or possessive.
"""

import re
import unicodedata
from collections.abc import Iterator
from types import MappingProxyType

# Thirteen digits are barcodes and telephones: no card has had them for decades.
CARD_DIGITS_MIN, CARD_DIGITS_MAX = 14, 19
GROUPS_MAX = 6
GROUP_DIGITS_MIN = 3
type Found = tuple[int, int, str, str]

_SEP = r"[ \-.\u00a0\u00ad\u2009\u2010-\u2013\u202f\u200b-\u200d\u2060\ufeff]"
_RUN = re.compile(rf"\d(?:{_SEP}?\d)*+")
_DIGITS = re.compile(r"\d++")
_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.I
)
_HEX = frozenset("0123456789abcdefABCDEF")


def plain_digits(text: str) -> str:
    """Give the digits of a text as 0 to 9, whatever script they are written in."""
    if text.isascii():
        return text if text.isdigit() else "".join(filter(str.isdigit, text))
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


def cards(text: str) -> Iterator[Found]:
    """Find payment cards. Linear: from each group of digits at most six are read."""
    uuids: list[tuple[int, int]] | None = None
    for run in _RUN.finditer(text):
        place, stop = run.span()
        while stop - place >= CARD_DIGITS_MIN:
            group = _DIGITS.search(text, place, stop)
            if group is None:
                break
            place = group.end()
            if text[group.start()] in "01789":
                continue
            end = _card_end(text, group.start(), stop)
            if end is None:
                continue
            place = end
            if uuids is None:
                uuids = [match.span() for match in _UUID.finditer(text)]
            if not _is_part_of_another(text, group.start(), end, uuids):
                digits = plain_digits(text[group.start() : end])
                yield group.start(), end, "card", digits


def _card_end(text: str, start: int, stop: int) -> int | None:
    """Give where a card ends that begins with this group of digits, or None."""
    digits = ""
    last_length = GROUP_DIGITS_MIN
    for count, group in enumerate(_DIGITS.finditer(text, start, stop)):
        length = group.end() - group.start()
        # A list of small numbers is no card: only its last group may be short.
        is_over = count == GROUPS_MAX or last_length < GROUP_DIGITS_MIN
        if is_over or len(digits) + length > CARD_DIGITS_MAX:
            return None
        last_length = length
        digits += plain_digits(group[0])
        if len(digits) >= CARD_DIGITS_MIN and is_card(digits):
            return group.end()
    return None


def _is_part_of_another(
    text: str, start: int, end: int, uuids: list[tuple[int, int]]
) -> bool:
    """Say whether these digits belong to a fraction, a digest or an id."""
    before = text[max(0, start - 2) : start]
    if len(before) == 2 and before[0].isdigit() and before[1] in ".,":
        return True
    if any(left < end and start < right for left, right in uuids):
        return True
    left, right = start, end
    while left > 0 and start - left < 64 and text[left - 1].isalnum():
        left -= 1
    while right < len(text) and right - end < 64 and text[right].isalnum():
        right += 1
    around = text[left:start] + text[end:right]
    return bool(around) and _HEX.issuperset(around)


def is_card(digits: str) -> bool:
    """Say whether a row of digits is a payment card's number."""
    return _has_issuer(digits) and luhn(digits)


def luhn(digits: str) -> bool:
    """Say whether the Luhn sum of a row of digits is right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _has_issuer(digits: str) -> bool:
    length, two, three, four = (
        len(digits),
        int(digits[:2]),
        int(digits[:3]),
        int(digits[:4]),
    )
    if digits[0] == "4":
        return length in (16, 19)
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 300 <= three <= 305:
        return length in (14, 16)
    if 51 <= two <= 55 or 2221 <= four <= 2720 or 2200 <= four <= 2204:
        return length == 16
    is_long = (
        four == 6011
        or 644 <= three <= 659
        or 3528 <= four <= 3589
        or two in (50, 56, 57, 58, 62, 63, 67)
    )
    return is_long and length >= 16


_IBAN_START = re.compile(
    r"(?<![A-Za-z0-9])([A-Za-z]{2})\d{2}(?=[ \-\u00a0]?[A-Za-z0-9])"
)
_IBAN_LENGTHS = MappingProxyType(
    {
        country: length
        for length, countries in {
            15: "NO",
            16: "BE",
            18: "DK FK FO FI GL NL SD",
            19: "MK SI",
            20: "AT BA EE KZ LT LU MN XK",
            21: "CH HR LI LV",
            22: "BG BH CR DE GB GE IE ME RS VA",
            23: "AE GI IL IQ OM SO TL",
            24: "AD CZ ES MD PK RO SA SE SK TN VG",
            25: "LY PT ST",
            26: "IS TR",
            27: "BI DJ FR GR IT MC MR SM",
            28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
            29: "BR EG PS QA UA",
            30: "JO KW MU YE",
            31: "MT SC",
            33: "LC RU",
        }.items()
        for country in countries.split()
    }
)


def ibans(text: str) -> Iterator[Found]:
    """Find bank accounts. Linear: from each start at most sixty-six characters are read."""
    place = 0
    for start in _IBAN_START.finditer(text):
        if start.start() < place:
            continue
        length = _IBAN_LENGTHS.get(start[1].upper())
        end = _iban_end(text, start.start(), length) if length else None
        if end is not None:
            place = end
            compact = _compact(text[start.start() : end])
            yield start.start(), end, "iban", compact


def _iban_end(text: str, start: int, length: int) -> int | None:
    place, taken, gap = start, 0, 0
    while place < len(text) and taken < length:
        each = text[place]
        if each.isascii() and each.isalnum():
            taken, gap = taken + 1, 0
        elif each in " -\u00a0" and gap == 0:
            gap = 1
        else:
            return None
        place += 1
    goes_on = place < len(text) and text[place].isascii() and text[place].isalnum()
    if taken < length or goes_on or not mod_97(_compact(text[start:place])):
        return None
    return place


def _compact(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


def mod_97(iban: str) -> bool:
    """Say whether the check digits of a compact IBAN are right."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


_GAP = r"[ ().\-/\u00a0\u2009\u202f\u2010-\u2013]{0,3}"
_ABROAD = re.compile(rf"(?<![\w+])(?:\+|00){_GAP}[1-9](?:{_GAP}\d){{6,13}}(?!\d)")
_NANP = re.compile(
    r"(?<![\w.+/\-])(?:\([2-9]\d{2}\)[ \u00a0]?[2-9]\d{2}[ .\-]\d{4}"
    r"|[2-9]\d{2}-[2-9]\d{2}-\d{4}|[2-9]\d{2}\.[2-9]\d{2}\.\d{4})(?![\w\-]|\.\d)"
)
_NATIONAL = re.compile(
    r"(?<![\w.+/\-,])\(?0[1-9]\d{1,3}\)?[ /]\d{3,4}[ \-]?\d{3,5}(?![\w\-]|[.,]\d)"
)
_NAMED = re.compile(
    r"(?<![a-z])(?:telephone|telefon|tel|phone|mobile|mobil|cell|fax|whatsapp|handy|sms)"
    r"(?![a-z])(?:[ .]?(?:number|no|nr|is|at|on)(?![a-z]))?[\s:=\"'.\-]{0,4}"
    rf"(\+?\(?\d(?:{_GAP}\d){{6,13}})(?!\d)",
    re.I,
)
_MONEY_AFTER = re.compile(r"[ \u00a0]?(?:EUR|USD|GBP|CHF|JPY|[€$£%])|[.,]\d")


def phones(text: str) -> Iterator[Found]:
    """Find phone numbers that are written as such."""
    for match in _ABROAD.finditer(text):
        digits = plain_digits(match[0])
        if match[0].isdigit():
            # Without a gap or a plus this is a number with zeros before it.
            continue
        number = digits[2:] if match[0].startswith("00") else digits
        if _is_abroad(number) and not _MONEY_AFTER.match(text, match.end()):
            yield *match.span(), "phone", f"+{number}"
    for pattern in (_NANP, _NATIONAL):
        for match in pattern.finditer(text):
            yield *match.span(), "phone", plain_digits(match[0])
    for match in _NAMED.finditer(text):
        yield *match.span(1), "phone", phone_value(match[1])


def phone_value(text: str) -> str:
    """Give a phone number as it is compared: its digits, with a + where it had one."""
    digits = plain_digits(text)
    return f"+{digits}" if text.lstrip().startswith("+") else digits


def _is_abroad(number: str) -> bool:
    if number.endswith("000000"):
        return False
    if number[0] in "17":
        return len(number) == 11
    return 9 <= len(number) <= 15
