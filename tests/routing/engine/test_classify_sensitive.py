from __future__ import annotations

import pytest

from routing.engine.sensitive import find_sensitive

# Published test numbers and examples of the standards, never anybody's.
FOUND = {
    "email": [
        "write to ana.lopez+news@example.co.uk please",
        "המייל שלי הוא dana@example.com",
    ],
    "phone": [
        "call me at +1 (212) 555-0199 tomorrow",
        "הנייד שלי 052-5550199",
        "my number is (212) 555-0199",
        "212-555-0199 is the office",
        "tél. 01 55 50 01 99",
        "telefon: 0305550199",
    ],
    "payment_card": [
        "my card is 4111 1111 1111 1111 exp 12/29",
        "5555555555554444",
        "amex 3782-822463-10005",
        "כרטיס 4580458045804580 תוקף 01/30",
    ],
    "bank_account": [
        "pay to DE89 3704 0044 0532 0130 00 today",
        "IBAN: GB82WEST12345698765432",
        "IL620108000000099999999",
    ],
    "national_id": [
        "תעודת זהות 123456782",
        'הת"ז שלי 123456782',
        "my id number is 123456782",
        "SSN 219-09-9999",
        "DNI 12345678Z",
        "CPF 529.982.247-25",
        "身份证 11010519491231002X",
        "codice fiscale RSSMRA85T10A562S",
        "Aadhaar 2341 2341 2346",
        "NINO AB 12 34 56 C",
    ],
    "secret": [
        "my key is sk-abcdefghijklmnopqrstuvwxyz123456",
        "AKIAIOSFODNN7EXAMPLE does not work",
        "password: Tr0ub4dor&3",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "postgres://admin:hunter22@db.internal/app",
        "הסיסמה היא: qwerty123",
        "api_key = 'a8f5f167f44f4964e6c998dee827110c'",
        "the password is hunter2024 btw",
    ],
}
NOT_FOUND = [
    "what is 1234567890 divided by 77?",
    "the invoice 4111 1111 1111 1112 is unpaid",
    "2026-11-21 09:30:12",
    "call the function with 123456789",
    "version 10.0.19045.3803",
    "in 1914-1918 and 1939-1945",
    "pi is 3.14159265358979",
    "the api key is missing from my request",
    "password: your_password_here",
    "how do I reset a password?",
    "API_KEY=os.environ['KEY']",
    "git clone git@github.com:django/django.git",
    "the population is 1,234,567,890",
    "DE00 3704 0044 0532 0130 00",
    "@media (max-width: 600px)",
    "192.168.100.200",
    "order 7000000000 of 12 pieces",
]


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
def test_it_finds(kind, text):
    assert kind in find_sensitive(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_it_raises_no_false_alarm(text):
    assert find_sensitive(text) == ()


def test_kinds_come_once_and_in_order():
    text = "a@example.com, b@example.com, 4111111111111111"

    assert find_sensitive(text) == ("email", "payment_card")
