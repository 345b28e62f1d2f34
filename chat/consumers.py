from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID, uuid4

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.access import ForbiddenError, NotFoundError
from accounts.models import User
from accounts.sessions import is_signed_in
from chat import arrivals, bell, presentation, sockets, submissions, turns
from chat.access import access_reply
from chat.broadcast import current_broadcast
from chat.frames import (
    PROTOCOL,
    BadFrameError,
    Continue,
    Frame,
    Hello,
    Ping,
    Resync,
    Retry,
    Send,
    Stop,
    parse_frame,
)
from chat.live import encode
from chat.models import Reply
from chat.submissions import Begun
from chat.turns import TurnRefusedError

Asked = TypeVar("Asked")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)

UNSTORED = gettext_noop(
    "The server cannot store anything just now. Your text is kept: send it again in a minute."
)
NOT_SIGNED_IN, NO_RIGHT, TOO_MANY = 4401, 4403, 4429


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket of one page. It parses, calls one verb, and answers."""

    conversation: UUID | None = None
    socket: sockets.OpenSocket | None = None

    async def connect(self) -> None:
        await self.accept()
        self.session_key = sockets.session_key_of(self.scope)
        user = await database_sync_to_async(sockets.allowed_user)(self.session_key)
        if user is None or self.session_key is None:
            signed_in = await database_sync_to_async(is_signed_in)(self.session_key)
            await self.close(NO_RIGHT if signed_in else NOT_SIGNED_IN)
            return
        if current_broadcast().sockets_of(user.id) >= settings.SOCKETS_PER_USER:
            await self.close(TOO_MANY)
            return
        self.outbox = sockets.Outbox(
            self._send_text, self._overflowed, sockets.writer_of(self.scope)
        )
        self.socket = sockets.OpenSocket(user.id, self.session_key, self.close)
        self.user_id, self.name = user.id, uuid4().hex
        self.language = user.language or settings.LANGUAGE_CODE
        self.frames_at: deque[float] = deque(maxlen=settings.FRAMES_PER_SECOND)
        sockets.register(self.socket)
        current_broadcast().enter(self)

    async def disconnect(self, code: int) -> None:
        if self.socket is None:
            return
        sockets.unregister(self.socket)
        current_broadcast().leave(self)
        await self.outbox.aclose()
        await self._mark_read()

    async def dispatch(self, message: Any) -> None:
        """Without looking at the connections of this thread: every verb does so in its own."""
        await getattr(self, get_handler_name(message))(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.socket is None:
            return
        if self._is_flooding():
            await self.close(TOO_MANY)
            return
        with translation.override(self.language):
            try:
                frame = parse_frame(text_data or "")
            except BadFrameError as error:
                self._refuse(error.code, error.message, error.client_msg_id)
                return
            await self._answer(frame)

    async def _answer(self, frame: Frame) -> None:
        sent = getattr(frame, "client_msg_id", None)
        try:
            await self._handle(frame)
        except sockets.SignedOutError:
            await self.close(NOT_SIGNED_IN)
        except TurnRefusedError as refused:
            self._refuse(refused.code, refused.message, sent)
        except NotFoundError:
            self._refuse("not_found", _("There is no such chat or reply. Your text is kept."), sent)
        except ForbiddenError as forbidden:
            self._refuse("forbidden", str(forbidden), sent)
        except (OperationalError, InterfaceError):
            logger.exception("A frame of type %s found the database away", type(frame).__name__)
            # As below, nobody knows whether it was stored: the page keeps its id.
            self._refuse("internal", _(UNSTORED), sent)
        except Exception:
            # The socket stays open: the person keeps their draft and may try again.
            logger.exception("A frame of type %s failed", type(frame).__name__)
            self._refuse("internal", _("Something broke on our side. Your text is kept."), sent)

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case Ping():
                # It reads and writes nothing, and whoever may no longer be here is closed anyway.
                self.push(encode({"type": "pong"}))
            case Hello():
                await self._hello(frame)
            case Send() | Retry() | Continue():
                await self._submitted(await self._as_allowed(submissions.submit, frame))
            case Stop(reply_id):
                await self._stop(await self._as_allowed(turns.ask_to_stop, reply_id))
            case Resync(reply_id):
                await self._as_allowed(access_reply, reply_id)
                await self._watch(reply_id)

    async def _as_allowed(self, verb: Callable[[User, Asked], Result], asked: Asked) -> Result:
        """Whether the person may still be here is looked up in the same breath as what they ask for."""
        return await database_sync_to_async(sockets.as_allowed)(self.session_key, verb, asked)

    async def _hello(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            self._refuse("old_page", _("Chofesh was updated. Reload the page; your draft is kept."))
        self.push(encode({"type": "welcome", "protocol": PROTOCOL}))
        self.conversation = hello.conversation
        running, ended = await self._as_allowed(arrivals.catch_up, hello)
        for reply_id in running:
            await self._watch(reply_id)
        for frame in ended:
            self.push(encode(frame))

    async def _submitted(self, begun: Begun) -> None:
        """The acknowledgement follows the commit; only then does anything run."""
        reply = begun.submitted.reply
        self.conversation = reply.conversation_id
        self.push(encode(presentation.ack_frame(begun.submitted)))
        # To this page itself, in order with what follows; its person's other pages hear of it.
        self.push(encode(begun.turn | {"asked_here": True}))
        bell.tell_user(self.user_id, reply.conversation_id, begun.turn, but=self.name)
        bell.tell_user(self.user_id, reply.conversation_id, begun.row)
        if begun.submitted.is_new:
            current_broadcast().watch(reply.id, self)
            await bell.follow(reply.id)
            await bell.ring(reply.id)
        else:
            await self._watch(reply.id)

    async def _stop(self, reply: Reply) -> None:
        if not await bell.stop(reply.id) and reply.is_active:
            ended = await database_sync_to_async(arrivals.stop_unstarted)(reply.id)
            if ended is not None:
                current_broadcast().finish(reply.id, ended)

    async def _watch(self, reply_id: UUID) -> None:
        """Call with access checked. Join first, then look: an end in between is not missed."""
        if not current_broadcast().watch(reply_id, self):
            frame = await self._as_allowed(arrivals.state_of, reply_id)
            self.push(encode(frame))
            await bell.follow(reply_id)

    def push(self, frame: str) -> None:
        self.outbox.push(frame)

    def saw_end(self) -> None:
        # Kept, or the task could vanish before it has run.
        self.marking = asyncio.create_task(self._mark_read())

    async def _mark_read(self) -> None:
        """Everything that came until now was on the screen."""
        if self.conversation is not None:
            await database_sync_to_async(arrivals.mark_read)(self.user_id, self.conversation)

    async def _send_text(self, frame: str) -> None:
        await self.send(text_data=frame)

    def _overflowed(self) -> None:
        """Nobody reads here. A page that comes back is shown everything anew."""
        self.closing = asyncio.create_task(self.close(TOO_MANY))

    def _refuse(self, code: str, message: str, client_msg_id: UUID | None = None) -> None:
        sent = str(client_msg_id) if client_msg_id else None
        frame = {"type": "error", "code": code, "message": message, "reply": None}
        self.push(encode(frame | {"client_msg_id": sent}))

    def _is_flooding(self) -> bool:
        now = time.monotonic()
        full = len(self.frames_at) == self.frames_at.maxlen
        flooding = full and now - self.frames_at[0] < 1.0
        self.frames_at.append(now)
        return flooding


class NoSuchSocket(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        raise DenyConnection
