from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from uuid import UUID, uuid4

from channels.db import database_sync_to_async
from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import ForbiddenError, NotFoundError
from accounts.models import User
from chat import arrivals, bell, presentation, sockets, turns
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
from chat.turns import Submitted, TurnRefusedError

logger = logging.getLogger(__name__)

NOT_SIGNED_IN, NO_RIGHT, TOO_MANY = 4401, 4403, 4429


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket of one page. It parses, calls one verb, and answers."""

    conversation: UUID | None = None
    socket: sockets.OpenSocket | None = None

    async def connect(self) -> None:
        await self.accept()
        self.session_key = self.scope["session"].session_key
        user = await database_sync_to_async(sockets.allowed_user)(self.session_key)
        if user is None or self.session_key is None:
            signed_in = bool(self.scope["user"] and self.scope["user"].is_authenticated)
            await self.close(NO_RIGHT if signed_in else NOT_SIGNED_IN)
            return
        if current_broadcast().sockets_of(user.id) >= settings.SOCKETS_PER_USER:
            await self.close(TOO_MANY)
            return
        self.outbox = sockets.Outbox(self._send_text, self._overflowed)
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
            user = await database_sync_to_async(sockets.allowed_user)(self.session_key)
            if user is None:
                await self.close(NOT_SIGNED_IN)
                return
            await self._handle(user, frame)
        except TurnRefusedError as refused:
            self._refuse(refused.code, refused.message, sent)
        except NotFoundError:
            self._refuse("not_found", _("There is no such chat or reply. Your text is kept."), sent)
        except ForbiddenError as forbidden:
            self._refuse("forbidden", str(forbidden), sent)
        except Exception:
            # The socket stays open: the person keeps their draft and may try again.
            logger.exception("A frame of type %s failed", type(frame).__name__)
            self._refuse("internal", _("Something broke on our side. Your text is kept."), sent)

    async def _handle(self, user: User, frame: Frame) -> None:
        match frame:
            case Hello():
                await self._hello(user, frame)
            case Send():
                submitted = await database_sync_to_async(turns.submit_message)(user, frame)
                await self._submitted(user, submitted)
            case Retry():
                submitted = await database_sync_to_async(turns.retry_reply)(user, frame)
                await self._submitted(user, submitted, replaces=frame.reply)
            case Continue():
                submitted = await database_sync_to_async(turns.continue_reply)(user, frame)
                await self._submitted(user, submitted)
            case Stop(reply_id):
                await self._stop(await database_sync_to_async(turns.ask_to_stop)(user, reply_id))
            case Resync(reply_id):
                await database_sync_to_async(access_reply)(user, reply_id)
                await self._watch(user, reply_id)
            case Ping():
                self.push(encode({"type": "pong"}))

    async def _hello(self, user: User, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            self._refuse("old_page", _("Chofesh was updated. Reload the page; your draft is kept."))
        self.push(encode({"type": "welcome", "protocol": PROTOCOL}))
        self.conversation = hello.conversation
        running, ended = await database_sync_to_async(arrivals.catch_up)(user, hello)
        for reply_id in running:
            await self._watch(user, reply_id)
        for frame in ended:
            self.push(encode(frame))

    async def _submitted(
        self, user: User, submitted: Submitted, replaces: UUID | None = None
    ) -> None:
        """The acknowledgement follows the commit; only then does anything run."""
        self.conversation = submitted.conversation.id
        self.push(encode(presentation.ack_frame(submitted)))
        if submitted.is_new:
            await self._begin(submitted.reply, replaces)
        else:
            await self._show(submitted.reply, replaces)
            await self._watch(user, submitted.reply.id)

    async def _begin(self, reply: Reply, replaces: UUID | None = None) -> None:
        await self._show(reply, replaces)
        current_broadcast().watch(reply.id, self)
        await bell.follow(reply.id)
        await bell.ring(reply.id)

    async def _show(self, reply: Reply, replaces: UUID | None = None) -> None:
        frame, row = await database_sync_to_async(presentation.begun_frames)(reply, replaces)
        # To this page itself, in order with what follows; its person's other pages hear of it.
        self.push(encode(frame | {"asked_here": True}))
        bell.tell_user(self.user_id, reply.conversation_id, frame, but=self.name)
        bell.tell_user(self.user_id, reply.conversation_id, row)

    async def _stop(self, reply: Reply) -> None:
        if not await bell.stop(reply.id) and reply.is_active:
            ended = await database_sync_to_async(arrivals.stop_unstarted)(reply.id)
            if ended is not None:
                current_broadcast().finish(reply.id, ended)

    async def _watch(self, user: User, reply_id: UUID) -> None:
        """Call with access checked. Join first, then look: an end in between is not missed."""
        if not current_broadcast().watch(reply_id, self):
            frame = await database_sync_to_async(arrivals.state_of)(user, reply_id)
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
