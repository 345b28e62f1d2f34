"""The conversation, cut to the window of the model that is called. What goes is told on the receipt."""

from __future__ import annotations

from providers.request import Message
from routing.engine.values import Card

# Of the window this much is kept free for the answer, and never more than the model can write.
ROOM_FOR_ANSWER = 0.25
# Rather too many tokens than too few: code and Hebrew have fewer bytes a token than English.
BYTES_PER_TOKEN = 2.4


def fit(messages: tuple[Message, ...], said: int, card: Card) -> tuple[tuple[Message, ...], int]:
    """Leave out the oldest whole turns until the rest fits; how many messages those were.

    System messages, the message to answer (the last of the first `said`) and what follows stay.
    """
    kept_free = min(card.max_output_tokens, card.context_tokens * ROOM_FOR_ANSWER)
    room = (card.context_tokens - kept_free) * BYTES_PER_TOKEN
    sizes = [len(message.text.encode()) for message in messages]
    excess = sum(sizes) - room
    first = next((at for at, message in enumerate(messages) if message.role != "system"), 0)
    until = first
    while excess > 0 and until + 2 < said:
        excess -= sizes[until] + sizes[until + 1]
        until += 2
    return messages[:first] + messages[until:], until - first
