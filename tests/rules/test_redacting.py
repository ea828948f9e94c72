"""What is found in a text and hidden, what is left alone, and in how much time."""

import faulthandler
import json
from decimal import Decimal

import pytest

from runs.rules.redacting import tokens
from runs.rules.redacting.detecting import cards_in, found_in, whole
from runs.rules.redacting.paths import FieldPath, parse
from runs.rules.redacting.walking import TOO_DEEP, Hider, Policy

KEY = b"k" * 32
RANDOM_KEY = "Zx9Qm2Lr7TbV4kWn8YpD3sHj6GfC1aEu5RoXiNq0"
JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0"
    ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"


def hider(*paths, left=(), **more) -> Hider:
    read = [parse(path) for path in paths]
    assert all(isinstance(path, FieldPath) for path in read), read
    policy = Policy(tuple(read), frozenset(left))
    return Hider(
        policy, lambda kind, value: tokens.token_of(kind, value, key=KEY), **more
    )


def kinds(text: str) -> list[str]:
    return [found.kind for found in found_in(text)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("card", "4111111111111111"),
        ("card", "4111 1111 1111 1111"),
        ("card", "4111-1111-1111-1111"),
        ("card", "5105\u00a01051\u00a00510\u00a05100"),
        ("card", "4111\u200b1111\u200b1111\u200b1111"),
        ("card", "378282246310005"),
        ("card", "3782 822463 10005"),
        ("card", "30569309025904"),
        ("card", "6011000990139424"),
        ("card", "3530111333300000"),
        ("card", "６０１１０００９９０１３９４２４"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "DE89370400440532013000"),
        ("iban", "gb29 nwbk 6016 1331 9268 19"),
        ("iban", "FR14-2004-1010-0505-0001-3M02-606"),
        ("iban", "NO9386011117947"),
        ("email", "ana.lopes+shop@example.com"),
        ("email", "jörg.müller@exämple.de"),
        ("email", "o'brien@mail.example.co.uk"),
        ("email", "ana%40example.com"),
        ("phone", "+49 30 901820-55"),
        ("phone", "+1 (415) 555-2671"),
        ("phone", "+4915112345678"),
        ("phone", "0049 151 12345678"),
        ("phone", "(415) 555-2671"),
        ("phone", "415-555-2671"),
        ("phone", "020 7946 0958"),
        ("phone", "0171 1234567"),
        ("key", "sk-proj-abc123DEF456ghi789jkl012"),
        ("key", "sk_live_51H8abcDEF123"),
        ("key", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("key", "xoxb-123456789012-abcdefGHIJKL"),
        ("key", "glpat-ABC123def456GHI789jk"),
        ("key", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"),
        ("key", "cs_0123456789ab_" + "Ab3" * 14 + "x"),
        ("key", "csg_202611_" + "Ab3" * 14 + "x"),
        ("key", RANDOM_KEY),
        ("jwt", JWT),
        ("private-key", PEM),
    ],
)
def test_what_must_be_hidden_is_found_alone_and_inside_a_sentence(kind, text):
    assert (found := whole(text)) is not None, kinds(text)
    assert found.kind == kind
    inside = f"The customer wrote: {text}, and then left."
    assert kinds(inside) == [kind]
    shown = hider().text(inside)
    assert text not in shown
    assert shown.startswith("The customer wrote: [")
    assert shown.endswith("], and then left.")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("password=hunter", "hunter"),
        ("Password: Sommer2024!", "Sommer2024!"),
        ('{"note": "api_key: a1b2c3d4e5f6"}', "a1b2c3d4e5f6"),
        ("https://shop.example/?access_token=a1b2c3d4e5&page=2", "a1b2c3d4e5"),
        ("Authorization: Bearer abc123def456ghi789", "abc123def456ghi789"),
        ("postgres://app:s3cret@db.example/shop", "s3cret"),
        ("phone number: 030 901820", "030 901820"),
        ("Tel. 7946 0958", "7946 0958"),
        ("PAN4111111111111111x", "4111111111111111"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEcut off", "MIIEcut off"),
        ("mailto:ana@example.com?subject=x", "ana@example.com"),
        ("/orders?email=shop%2Bana%40example.com", "ana%40example.com"),
    ],
)
def test_a_secret_is_found_by_the_words_around_it(text, hidden):
    assert hidden not in hider().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 1182", "order 4485275742308328", "114-1234567-1234567", "ORD-2026-0012345",
        "2026-11-21", "2026-11-21T10:00:00.123456+01:00", "21.11.2026 10:15:30",
        "1732196000000", "4012345678901", "4222222222222", "0049123456789012", "1732196000000000", "1732196000123456789", "20261121140000123",
        "EUR 1.234.567,89", "84.20", "EUR 4,111,111,111.11", "+12 500 000", "+250 000 000 EUR",
        "0.4111111111111111", "3.141592653589793", "12345678901234567890123",
        "0193e4a1-7111-7111-8111-411111111111", "41111111-1111-4111-8111-111111111111",
        "0193E4A1-7111-7111-8111-411111111111",
        "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "sha256:" + "a4111111111111111b" * 3 + "0123456789", "9b74c9897bac770ffc029102a200c5de",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "call_abc123DEF456ghi789JKL012",
        "toolu_01A09q90qw90lq917835lq9aBcDeFg", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "GetCustomerOrderHistoryForRegion2Details", "refund_order_by_customer_email_v2",
        "src/components/Checkout/PaymentMethodSelector2.tsx", "python-3.13.1-linux-x86_64",
        "npm i @scope/package@1.2.3", "@ana", "a@b", "10.0.0.1", "192.168.100.200:8080",
        "The token: invalid, password: required", "basic understanding of billing",
        "input_tokens=1234567", "case-7741", "DE12 order 3456", "policy v7, 12 of 30",
        "3 items, 200 300 4000", "Phone case, order 1234567", "https://shop.example/a/b?c=d",
        "GB82 WEST 1234 5698 7654 33", "4111 1111 1111 1112", "Cell 12", "8XK2", "",
    ],
)  # fmt: skip
def test_what_is_no_secret_is_left_as_it_is(text):
    assert hider().text(text) == text


def test_the_check_digits_tell_a_card_and_an_account_from_a_number():
    assert kinds("4111111111111111") == ["card"]
    assert kinds("4111111111111112") == []
    assert kinds("DE89370400440532013000") == ["iban"]
    assert kinds("DE88370400440532013000") == []
    assert cards_in("paid with 4111 1111 1111 1111")
    assert not cards_in("order 4111 1111 1111 1112")


def test_equal_values_have_equal_tokens_however_they_are_written():
    hides = hider()
    assert hides.text("4111 1111 1111 1111") == hides.text("4111-1111-1111-1111")
    assert hides.text("Ana@Example.com") == hides.text("ana@example.com")
    assert hides.text("+49 30 901820") == hides.text("+4930901820")
    assert hides.text("a@example.com") != hides.text("b@example.com")
    other = Hider(Policy(), lambda kind, value: tokens.token_of(kind, value, key=b"o"))
    assert other.text("a@example.com") != hides.text("a@example.com")


def test_a_token_has_its_form_and_a_page_can_cut_a_text_at_it():
    shown = hider().text("to ana@example.com today")

    before, token, after = tokens.pieces(shown)

    assert (before.text, after.text) == ("to ", " today")
    assert tokens.TOKEN.fullmatch(token.text)
    assert tokens.is_token(token.token)
    assert token.says == "e-mail address, hidden"


def test_nobody_can_send_what_looks_as_if_it_had_been_hidden():
    forged = "[card:0123456789ab] and [email:0123456789ab]"

    assert hider().text(forged) == "(card:0123456789ab) and (email:0123456789ab)"
    assert hider(is_ours=True).text(forged) == forged


def test_hiding_what_is_hidden_changes_nothing():
    once = hider().text(f"password=hunter2! ana@example.com {RANDOM_KEY} {JWT}")

    assert hider(is_ours=True).text(once) == once
    facts = {"args": {"password": once, "phone": "[phone:0123456789ab]"}}
    again = hider("args.phone", is_ours=True)
    assert again.facts(facts)["args"]["phone"] == "[phone:0123456789ab]"


def test_everything_an_event_tells_is_walked_keys_numbers_and_nested_json():
    nested = json.dumps({"to": "ana@example.com", "price": 1.10, "deep": {"n": [1]}})
    facts = {
        "args": {
            "ana@example.com": 1,
            "card": 4111111111111111,
            "again": 4111111111111111.0,
            "list": [{"iban": "DE89370400440532013000"}],
            "inner": nested.replace("1.1", "1.10"),
            "twice": json.dumps(nested),
            "escaped": '{"to": "ana\\u0040example.com"}',
            "given_twice": '{"to": "ana@example.com", "to": "x"}',
            "amount": Decimal("84.20"),
            "order": 1182,
            "is_paid": True,
            "none": None,
        }
    }

    args = hider().facts(facts)["args"]

    shown = json.dumps(args, default=str)
    for secret in ("ana@", "ana\\u0040", "4111111", "DE8937"):
        assert secret not in shown, shown
    assert args["card"] == args["again"]
    assert json.loads(args["inner"])["deep"] == {"n": [1]}
    assert "1.10" in args["inner"]
    assert (args["order"], args["is_paid"], args["none"]) == (1182, True, None)


def test_json_that_holds_nothing_to_hide_stays_to_the_byte():
    text = '{"b":1.10,  "a":[1,2,{"c":"d"}], "a":2}'

    assert hider().facts({"result": text}) == {"result": text}


def test_a_field_named_for_a_secret_is_hidden_whatever_it_holds():
    facts = {
        "args": {
            "password": "correct horse",
            "clientSecret": "abc",
            "cvv": 123,
            "phone": "901820-55",
            "mobile_number": 4915112345678,
            "token": "a-page-cursor-01",
            "note": "correct horse",
        },
        "result": {"password": "****", "api-key": "", "token": "next"},
    }

    hidden = hider().facts(facts)

    args = hidden["args"]
    assert args.pop("note") == "correct horse"
    assert all(tokens.TOKEN.fullmatch(str(value)) for value in args.values()), args
    assert hidden["result"] == facts["result"]


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("args.customer.name", ["Ana"]),
        ("ARGS.Customer.NAME", ["Ana"]),
        ("args.customer", ["Ana", "Lisbon", "7"]),
        ("args.*.city", ["Lisbon", "Porto"]),
        ("**.city", ["Lisbon", "Porto", "Faro"]),
        ("args.items.label", ["Lamp", "Table"]),
        ("args.items.*.label", ["Lamp", "Table"]),
        ("args.tags", ["red", "blue"]),
        ('args."a.b".c', ["dotted"]),
        ("result.city", ["Faro"]),
        ("text", ["words of the agent"]),
        ("args.nowhere", []),
        ("*.city", ["Faro"]),
    ],
)
def test_a_path_hides_what_it_names_and_all_below(path, hidden):
    facts = {
        "args": {
            "customer": {"name": "Ana", "city": "Lisbon", "age": 7},
            "shop": {"city": "Porto"},
            "items": [{"label": "Lamp"}, {"label": "Table"}],
            "tags": ["red", "blue"],
            "a.b": {"c": "dotted"},
        },
        "result": '{"city": "Faro"}',
        "text": "words of the agent",
        "tool": "city",
    }

    hides = hider(path)
    shown = hides.facts(facts)

    assert sorted(each.text for each in hides.hidden.values()) == sorted(hidden)
    assert all(each.rule == path for each in hides.hidden.values())
    assert shown["tool"] == "city"
    if not hidden:
        assert shown == facts


def test_the_field_of_a_change_can_be_named_as_the_system_of_record_names_it():
    facts = {"field": "customer.salary", "before": "4000", "after": "5000"}

    shown = hider("change.customer.salary").facts(facts, kind="change.made")

    assert shown["field"] == "customer.salary"
    assert tokens.TOKEN.fullmatch(shown["before"])
    assert shown["before"] != shown["after"]
    assert hider("change.customer.age").facts(facts, kind="change.made") == facts


def test_what_a_path_hides_compares_with_what_a_detector_hides():
    facts = {"args": {"to": "ana@example.com"}, "text": "wrote to ana@example.com"}

    shown = hider("args.to").facts(facts)

    assert shown["text"] == f"wrote to {shown['args']['to']}"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "Name a field"),
        ("status", "not a field that can be hidden"),
        ("grant.id", "not a field that can be hidden"),
        ("args..x", "A path is made of"),
        ("args.", "A path is made of"),
        ("args x", "A dot is missing"),
        ("**", "would hide everything"),
        ("*.*", "would hide everything"),
        ("args.**", "Leave the last"),
        ("args." + ".".join("abcdefghijkl"), "At most 12"),
        ("args." + "x" * 300, "At most 200"),
    ],
)
def test_a_path_that_is_none_is_refused_in_words(path, why):
    said = parse(path)
    assert isinstance(said, str)
    assert why in said


def test_what_is_left_readable_is_left_and_the_rest_is_not():
    text = "ana@example.com paid with 4111111111111111"

    shown = hider(left=["email"]).text(text)

    assert "ana@example.com" in shown
    assert "4111" not in shown


def test_what_is_nested_too_deeply_is_not_kept_and_never_raises():
    deep: object = "ana@example.com"
    for _ in range(100):
        deep = [deep]
    in_text = "[" * 5000 + "4111111111111111" + "]" * 5000

    shown = hider().facts({"args": {"deep": deep}, "result": in_text, "text": "kept"})

    assert shown["args"] == TOO_DEEP
    assert "4111" not in shown["result"]
    assert shown["result"].startswith("[[[")
    assert shown["text"] == "kept"


# Quadratic time on this length is minutes; what is linear takes a blink.
_LONG = 30_000


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * _LONG,
        "1" * _LONG,
        "1 " * _LONG,
        "4111 " * (_LONG // 5),
        "4-" * _LONG,
        "a@" * _LONG,
        "a." * _LONG + "@",
        "@" + "a." * _LONG,
        "a@" + "a-" * _LONG,
        "+" * _LONG,
        "+1" * _LONG,
        "+1 (" * (_LONG // 4),
        "eyJ" * _LONG,
        "eyJaaaaaaaaaa." * (_LONG // 14),
        "sk-" * _LONG,
        "-----BEGIN " * (_LONG // 11),
        "-----BEGIN PRIVATE KEY-----" * (_LONG // 27),
        "password=" * (_LONG // 9),
        "password" + " " * _LONG,
        "token:" * (_LONG // 6),
        "a" * 20 + "://" + ":" * _LONG,
        "a://" * (_LONG // 4),
        "DE89" * (_LONG // 4),
        "DE89 3704 0044 0532 0130 0 " * (_LONG // 27),
        "tel " * (_LONG // 4),
        "aB3" * (_LONG // 3),
        "%40" * (_LONG // 3),
        "(415) 555-267" * (_LONG // 13),
        "[" * _LONG,
        '{"a":' * (_LONG // 5),
        "\\" * _LONG,
        "SG." * (_LONG // 3),
        "bearer " * (_LONG // 7),
        "0123 456 " * (_LONG // 9),
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_costs_a_look_and_no_more(hostile):
    faulthandler.dump_traceback_later(60, exit=True)
    try:
        hider().facts({"args": {"text": hostile}})
    finally:
        faulthandler.cancel_dump_traceback_later()
