from __future__ import annotations


class SurrogateJoiner:
    """Makes whole characters of text that was cut between the two halves of a surrogate pair.

    A first half at the end of a piece is kept for the next piece; a half that stays alone becomes
    U+FFFD.
    """

    def __init__(self) -> None:
        self._kept = ""

    def join(self, piece: str) -> str:
        """The text of this piece as valid Unicode, which may be empty."""
        if not self._kept and (piece.isascii() or _is_whole(piece)):
            return piece
        text = self._kept + piece
        self._kept = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text[: len(text) - len(self._kept)]
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_whole(piece: str) -> bool:
    try:
        piece.encode()
    except UnicodeEncodeError:
        return False
    return True
