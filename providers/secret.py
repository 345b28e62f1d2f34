from __future__ import annotations

from typing import NoReturn, final


@final
class SecretStr:
    """A provider key on its way to the wire.

    It cannot be printed, formatted, compared, hashed, copied to JSON or pickled: each of these
    either shows stars or raises `TypeError`. `reveal_for_transport` opens it, and only
    `providers/client.py` may call that.
    """

    __slots__ = ("__content",)

    def __init__(self, content: str) -> None:
        self.__content = content

    def reveal_for_transport(self) -> str:
        return self.__content

    def __repr__(self) -> str:
        return "SecretStr(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, format_spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.__content)

    # Equality and hashing would let a secret be guessed through sets, dicts and test output.
    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("A secret cannot be compared.")

    def __hash__(self) -> NoReturn:
        raise TypeError("A secret cannot be hashed.")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret cannot be pickled or copied.")
