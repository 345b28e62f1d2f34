"""Which language a text is written in, from its script and its commonest words."""

from __future__ import annotations

import re

# Enough to tell; a pasted document in another language stands after the ask more often than before it.
LETTERS_READ = 400

_SCRIPTS = (
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
)
# A letter of these scripts carries about as much as three Latin ones.
_SCRIPT_WEIGHT = {"zh": 3, "ja": 3}
_LATIN = re.compile(r"[a-zà-öø-ÿœß]+")
_COMMON = {
    "en": "the is are was to of and in for you with my what how this that it do does can not on be have an write",
    "es": "el la los las un una de que en y por para con es no mi qué cómo se del al lo más está como pero esta este "
    "hola gracias tengo quiero puedes hazme escribe dame cuál me te le",
    "fr": "le la les un une des de et est que qui dans pour avec mon ma mes pas je tu il nous vous sur ce cette du au "
    "bonjour merci comment pourquoi quel quelle fais écris moi en ça plus",
    "de": "der die das ein eine einen und ist nicht ich du wir sie mit für auf zu im den dem von wie was mir mein "
    "meine bitte kann hallo danke warum schreib auch es sind zum zur",
    "pt": "o a os as um uma de que em e para com não é meu minha como do da no na por mais isso você quero fazer "
    "está são ao olá obrigado qual me preciso esse essa",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in _COMMON.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)
_MARKS = (
    ("es", re.compile(r"[ñ¿¡]")),
    ("pt", re.compile(r"[ãõ]")),
    ("de", re.compile(r"[äöß]")),
    ("fr", re.compile(r"[èêëùœçîû]|\b[ldjnsc]['’]")),
)


def detect_language(text: str) -> str:
    """ISO 639-1 of one of the eleven languages that are told apart; "en" where nothing speaks for another."""
    sample = text[:LETTERS_READ]
    if sample.isascii():
        return _latin_language(sample.lower())
    counts = {
        language: len(pattern.findall(sample)) * _SCRIPT_WEIGHT.get(language, 1)
        for language, pattern in _SCRIPTS
    }
    if counts["ja"] and counts["ja"] + counts["zh"] > 2:
        counts["ja"] += counts["zh"]
    language = max(counts, key=lambda each: counts[each])
    latin = sum(map(len, _LATIN.findall(sample.lower())))
    if counts[language] * 2 > latin:
        return language
    return _latin_language(sample.lower())


def _latin_language(sample: str) -> str:
    scores = dict.fromkeys(_COMMON, 0.0)
    for word in _LATIN.findall(sample)[:60]:
        languages = _LANGUAGES_OF.get(word, ())
        for language in languages:
            scores[language] += 1.0 / len(languages)
    if not sample.isascii():
        for language, pattern in _MARKS:
            scores[language] += 0.75 * len(pattern.findall(sample))
    return max(scores, key=lambda each: scores[each])
