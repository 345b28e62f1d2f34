"""Check digits of cards, accounts and identity numbers: what tells a real number from any other."""

from __future__ import annotations

import re

# Length of an IBAN by country, ISO 13616 registry.
_IBAN_LENGTHS = dict(
    pair.split(":")
    for pair in [
        "AD:24",
        "AE:23",
        "AL:28",
        "AT:20",
        "AZ:28",
        "BA:20",
        "BE:16",
        "BG:22",
        "BH:22",
        "BR:29",
        "BY:28",
        "CH:21",
        "CR:22",
        "CY:28",
        "CZ:24",
        "DE:22",
        "DK:18",
        "DO:28",
        "EE:20",
        "EG:29",
        "ES:24",
        "FI:18",
        "FO:18",
        "FR:27",
        "GB:22",
        "GE:22",
        "GI:23",
        "GL:18",
        "GR:27",
        "GT:28",
        "HR:21",
        "HU:28",
        "IE:22",
        "IL:23",
        "IQ:23",
        "IS:26",
        "IT:27",
        "JO:30",
        "KW:30",
        "KZ:20",
        "LB:28",
        "LC:32",
        "LI:21",
        "LT:20",
        "LU:20",
        "LV:21",
        "LY:25",
        "MC:27",
        "MD:24",
        "ME:22",
        "MK:19",
        "MR:27",
        "MT:31",
        "MU:30",
        "NL:18",
        "NO:15",
        "PK:24",
        "PL:28",
        "PS:29",
        "PT:25",
        "QA:29",
        "RO:24",
        "RS:22",
        "SA:24",
        "SC:31",
        "SE:24",
        "SI:19",
        "SK:24",
        "SM:27",
        "ST:25",
        "SV:28",
        "TL:23",
        "TN:24",
        "TR:26",
        "UA:29",
        "VA:22",
        "VG:24",
        "XK:20",
    ]
)
# First digits and lengths of the card networks (ISO/IEC 7812): Visa, Mastercard, American Express, Diners, Discover,
# JCB, UnionPay, Maestro.
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:5018|5020|6304)\d{8,15}"
)
_SPANISH_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CODICE_ODD = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)
_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# The dihedral group of order ten, and its permutation (J. Verhoeff, 1969).
_VERHOEFF_PRODUCT = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432",
                     "7659821043", "8765932104", "9876543210")  # fmt: skip
_VERHOEFF_SHIFT = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415",
                   "7046913258")  # fmt: skip


def is_payment_card(digits: str) -> bool:
    """A number of a card network with the right Luhn digit."""
    return _CARD.fullmatch(digits) is not None and len(set(digits)) > 1 and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Of the length of its country and with the right remainder (ISO 7064, mod 97-10).

    A word may follow an account in capitals, so only the letters that the country asks for are looked at.
    """
    plain = re.sub(r"[ -]", "", text).upper()
    length = int(_IBAN_LENGTHS.get(plain[:2], 0))
    plain = plain[:length]
    if not length or len(plain) < length:
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def is_israeli_id(digits: str) -> bool:
    return len(digits) == 9 and len(set(digits)) > 1 and _luhn(digits)


def is_social_security(digits: str) -> bool:
    """United States; it has no check digit, only areas that were never given out."""
    return (
        len(digits) == 9
        and digits[:3] not in ("000", "666")
        and digits[0] != "9"
        and digits[3:5] != "00"
        and digits[5:] != "0000"
    )


def is_cpf(digits: str) -> bool:
    """Brazil."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(digits[place]) * (length + 1 - place) for place in range(length))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return True


def is_snils(digits: str) -> bool:
    """Russia, social insurance."""
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9]))
    return total % 101 % 100 == int(digits[9:])


def is_french_id(digits: str) -> bool:
    if len(digits) != 15 or digits[0] not in "12":
        return False
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def is_aadhaar(digits: str) -> bool:
    """India."""
    if len(digits) != 12 or digits[0] in "01":
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_SHIFT[place % 8][int(digit)])])
    return check == 0


def is_german_tax_id(digits: str) -> bool:
    """ISO 7064, mod 11,10; exactly one of the first ten digits stands two or three times."""
    if len(digits) != 11 or digits[0] == "0" or len(set(digits[:10])) not in (8, 9):
        return False
    product = 10
    for digit in digits[:10]:
        product = (int(digit) + product) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_chinese_id(text: str) -> bool:
    total = sum(
        int(digit) * weight for digit, weight in zip(text[:17], _CHINESE_WEIGHTS, strict=True)
    )
    return "10X98765432"[total % 11] == text[17].upper() and 1 <= int(text[10:12]) <= 12


def is_spanish_id(text: str) -> bool:
    plain = text.replace("-", "").upper()
    number = plain[:-1].translate(str.maketrans("XYZ", "012"))
    return len(number) == 8 and _SPANISH_LETTERS[int(number) % 23] == plain[-1]


def is_codice_fiscale(text: str) -> bool:
    """Italy."""
    plain = text.upper()
    values = [int(letter) if letter.isdigit() else ord(letter) - ord("A") for letter in plain[:15]]
    total = sum(
        _CODICE_ODD[value] if place % 2 == 0 else value for place, value in enumerate(values)
    )
    return chr(ord("A") + total % 26) == plain[15]
