"""Finds what is better not sent to just any model: cards, accounts, identity numbers, keys, addresses.

A number counts only if its check digits are right, and a bare number only if a word before it says what it is: a false
alarm keeps a prompt from the models that would answer it best.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from routing.engine.checksums import (
    is_aadhaar,
    is_chinese_id,
    is_codice_fiscale,
    is_cpf,
    is_french_id,
    is_german_tax_id,
    is_iban,
    is_israeli_id,
    is_payment_card,
    is_snils,
    is_social_security,
    is_spanish_id,
)

# How far before a bare number the word may stand that says what it is.
CONTEXT_LETTERS = 48

_EMAIL = re.compile(r"(?<![\w.+-])(?!git@)[\w.+-]{1,64}@(?:[\w-]+\.)+[a-zA-Z]{2,24}\b")
# Digits with few signs between them; or the digits of an Italian tax code. Both begin with a digit, so that text without
# any is passed over quickly.
_DIGITS = re.compile(
    r"\d(?:(?:[ \u00a0().-]{0,2}\d){5,21}|\d[A-EHLMPRSTa-ehlmprst]\d{2}[A-Za-z]\d{3}[A-Za-z])"
)
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}\b")
# The same for a look at the whole text at once: every digit as 0, every letter as a, without the signs between digits.
# Beyond ASCII any byte may be of a digit, so it counts as one.
_BETWEEN_DIGITS = b" ().-"
_SHAPES = (
    bytes(
        ord("0") if chr(code).isdigit() else ord("a") if chr(code).isalpha() else code
        for code in range(128)
    )
    + b"0" * 128
)
# Around the digits, enough for the letters of an account, before and after.
BEFORE_LETTERS, AFTER_LETTERS = 16, 32
NUMBERS_READ = 200
_PHONE_SHAPES = re.compile(
    r"\+\d[\d ().-]{7,20}|0(?:5\d|7\d|[23489])[- ]?\d{3}[- ]?\d{4}|\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}"
    r"|0\d(?:[ .]\d\d){4}|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}|\(\d{2}\) ?9?\d{4}-\d{4}|\d[- ]?800[- ]\d{3}[- ]\d{4}"
)
# Lower case; those that are part of other words stand in the expression after them.
_PHONE_WORDS = (
    "phone", "mobile", "whatsapp", "טלפון", "נייד", "פלאפון", "תתקשר", "téléphone", "teléfono", "móvil", "telefon", "handy",
    "телефон", "هاتف", "جوال", "电话", "手机", "電話", "telefone", "celular", "फ़ोन", "मोबाइल",
)  # fmt: skip
_PHONE_WORD = re.compile(r"\btel\b|\bcell\b|call (?:me|us|her|him)")
_ID_WORDS = (
    "identity", "passport", "national", "citizen", "social security", "תעודת זהות", "מספר זהות", "teudat", "dni", "nif",
    "insee", "sécurité sociale", "steuer", "идентиф", "снилс", "هوية", "身份证", "マイナンバー", "aadhaar", "aadhar", "आधार",
)  # fmt: skip
_ID_WORD = re.compile(r"\bids?\b|\bssn\b|ת\.?[\"״']?ז|nie\b|\bcpf\b")
_SPANISH_ID = re.compile(r"\b[XYZxyz]?-?\d{7,8}-?[A-Za-z]\b")
_CODICE_FISCALE = re.compile(r"\b[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]\b")
_CHINESE_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?!\w)")
_INSURANCE_NUMBER = re.compile(
    r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
)

SHORTEST_KEY = 20
# Every sign of a word as x, to see at once whether any word is so long.
_WORD_SHAPES = (
    bytes(ord(" ") if chr(code).isspace() else ord("x") for code in range(128)) + b"x" * 128
)
_LONG_WORD = b"x" * SHORTEST_KEY
# What the keys of the well-known services begin with.
_KEY_STARTS = (
    "sk-", "glpat-", "xox", "xapp-", "AKIA", "ASIA", "AIza", "ya29.", "pypi-", "SG.", "eyJ", "xai-", "sk_live_",
    "rk_live_", "ghp_", "gho_", "ghs_", "github_pat_", "hf_", "npm_", "dop_v1_", "shpat_", "gsk_",
)  # fmt: skip
_KEY = re.compile(
    r"\b(?:sk-[\w-]{20,}|[sr]k_live_\w{16,}|gh[pos]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{18,}|xox[bp]-[\w-]{20,}"
    r"|xapp-[\w-]{20,}|A[KS]IA[0-9A-Z]{16}\b|AIza[\w-]{35}|ya29\.[\w-]{30,}|hf_\w{30,}|npm_\w{30,}|pypi-[\w-]{40,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{6,}|dop_v1_\w{40,}|shpat_\w{28,}|gsk_\w{30,}"
    r"|xai-\w{30,})"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_ADDRESS_WITH_PASSWORD = re.compile(r"\w://[^\s/:@]+:(?![*<$%{x]{2})[^\s/@]{3,}@")
_SECRET_WORDS = ("passw", "pwd", "secret", "token", "key", "mot de passe", "senha")
_SECRET_WORDS_ABROAD = (*_SECRET_WORDS, "סיסמ", "contraseña", "пароль", "密码")
_ASSIGNING = (":", "=", "：", " is ", " היא ", " es ", " ist ", " est ")
_ASSIGNED = re.compile(
    r"(?:password|passwd|passwort|pwd|secret|api[_ -]?key|access[_ -]?key|auth[_ -]?token|access[_ -]?token|סיסמ[אה]|contraseña"
    r"|пароль|mot de passe|senha|密码)[\"']?(?: is| היא| es| ist| est)?\s*(?:[:=：]|=>|(?<= is)|(?<= היא)|(?<= es)|(?<= ist)"
    r"|(?<= est))\s*[\"']?([^\s\"',;<>{}()$\[\]]{6,128})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"your|xxx|\*\*|example|change.?me|placeholder|\.\.\.|environ|getenv|process\.env|^none$",
    re.IGNORECASE,
)
_HEBREW = re.compile(r"[א-ת]")


def find_sensitive(text: str) -> tuple[str, ...]:
    """Kinds found in `text`: keys of SENSITIVE_NAMES, once each, in alphabetical order."""
    found = set()
    if any(_EMAIL.search(text, max(0, at - 65), at + 90) for at in _places(text, "@")):
        found.add("email")
    if _may_hold_number(text):
        found |= _numbers(text)
    if _has_secret(text):
        found.add("secret")
    return tuple(sorted(found))


def _places(text: str, word: str) -> Iterator[int]:
    """Where `word` stands: plain searches find the few places where an expression is worth its time."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _may_hold_number(text: str) -> bool:
    """Whether a search for numbers is worth its time: digits enough in a row, or in the order of an Italian tax code."""
    if not any(map(text.__contains__, "0123456789")):
        return False
    shape = text.encode(errors="surrogatepass").translate(_SHAPES, _BETWEEN_DIGITS)
    return b"000000" in shape or b"0a00a000a" in shape


def _numbers(text: str) -> set[str]:
    found = set()
    for match in islice(_DIGITS.finditer(text), NUMBERS_READ):
        start, end = match.span()
        around = text[max(0, start - BEFORE_LETTERS) : end + AFTER_LETTERS]
        if any(is_iban(account[0]) for account in _IBAN.finditer(around)):
            found.add("bank_account")
        elif _has_lettered_id(around):
            found.add("national_id")
        elif (kind := _kind_of_number(text, start, end)) is not None:
            found.add(kind)
    return found


def _has_lettered_id(text: str) -> bool:
    return (
        any(is_spanish_id(match[0]) for match in _SPANISH_ID.finditer(text))
        or any(is_codice_fiscale(match[0]) for match in _CODICE_FISCALE.finditer(text))
        or any(is_chinese_id(match[0]) for match in _CHINESE_ID.finditer(text))
        or _INSURANCE_NUMBER.search(text) is not None
    )


# The shape alone is telling (second column), or a word before the number must say what it is.
_IDS: tuple[tuple[Callable[[str], bool], re.Pattern[str] | None], ...] = (
    (is_social_security, re.compile(r"\d{3}-\d{2}-\d{4}")),
    (is_cpf, re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")),
    (is_snils, re.compile(r"\d{3}-\d{3}-\d{3} \d{2}")),
    (is_french_id, re.compile(r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}")),
    (is_aadhaar, re.compile(r"\d{4} \d{4} \d{4}")),
    (is_german_tax_id, re.compile(r"\d{2} \d{3} \d{3} \d{3}")),
    (is_israeli_id, None),
)


def _kind_of_number(text: str, start: int, end: int) -> str | None:
    """Of the digits that stand from `start` to `end`."""
    while start > 0 and text[start - 1] in "+(":
        start -= 1
    number = text[start:end]
    if _is_part_of_more(text, start, end):
        return None
    digits = re.sub(r"\D", "", number)
    if is_payment_card(digits) and not number.startswith("+"):
        return "payment_card"
    before = text[max(0, start - CONTEXT_LETTERS) : start].lower()
    says_phone = _says(before, _PHONE_WORDS, _PHONE_WORD)
    says_id = _says(before, _ID_WORDS, _ID_WORD)
    if _is_identity_number(number, digits, says_id=says_id, says_phone=says_phone):
        return "national_id"
    if _PHONE_SHAPES.fullmatch(number) or (says_phone and 7 <= len(digits) <= 15):
        return "phone"
    if number.isdigit() and _HEBREW.search(text) and is_israeli_id(digits):
        return "national_id"
    return None


def _says(before: str, words: tuple[str, ...], others: re.Pattern[str]) -> bool:
    # Plain searches are some twenty times as quick as one expression of all the words.
    return any(map(before.__contains__, words)) or others.search(before) is not None


def _is_part_of_more(text: str, start: int, end: int) -> bool:
    """Of a word, a decimal number or a path."""
    left, right = text[start - 1 : start], text[end : end + 2]
    joined = left.isalnum() or left in {"_", ".", ",", "/"}
    return (
        joined
        or right[:1].isalnum()
        or right[:1] in {"_", "/"}
        or (right[:1] in {".", ","} and right[1:].isdigit())
    )


def _is_identity_number(number: str, digits: str, *, says_id: bool, says_phone: bool) -> bool:
    for is_valid, shape in _IDS:
        telling = shape is not None and not says_phone and shape.fullmatch(number) is not None
        if (says_id or telling) and is_valid(digits):
            return True
    return False


def _has_secret(text: str) -> bool:
    if _has_key(text):
        return True
    if "-----BEGIN" in text and _PRIVATE_KEY.search(text):
        return True
    if "://" in text and "@" in text and _ADDRESS_WITH_PASSWORD.search(text):
        return True
    small = text.lower()
    for word in _SECRET_WORDS if text.isascii() else _SECRET_WORDS_ABROAD:
        for at in islice(_places(small, word), NUMBERS_READ):
            if any(map(small[at : at + 30].__contains__, _ASSIGNING)):
                match = _ASSIGNED.search(text, max(0, at - 12), at + 160)
                if match and _looks_secret(match[1]):
                    return True
    return False


def _has_key(text: str) -> bool:
    return any(
        _KEY.match(word, at)
        for word in _long_words(text)
        for start in _KEY_STARTS
        for at in islice(_places(word, start), NUMBERS_READ)
    )


def _long_words(text: str) -> Iterator[str]:
    """Those that may be keys: most texts hold few, and in bytes they are found without looking at every word."""
    data = text.encode(errors="surrogatepass")
    shapes = data.translate(_WORD_SHAPES)
    at = shapes.find(_LONG_WORD)
    while at >= 0:
        end = shapes.find(b" ", at)
        end = len(data) if end < 0 else end
        yield data[at:end].decode(errors="surrogatepass")
        at = shapes.find(_LONG_WORD, end)


def _looks_secret(value: str) -> bool:
    """A word of a sentence is not a secret: digits or signs among the letters are asked for, placeholders refused."""
    if _PLACEHOLDER.search(value):
        return False
    has_digit = any(letter.isdigit() for letter in value)
    has_sign = any(letter in "!#%^&+?~|@" for letter in value.rstrip("!?."))
    return has_digit or has_sign
