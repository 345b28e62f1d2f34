// One connection that comes back by itself. It says hello first, then what was not confirmed yet.
const PING_MS = 20_000;
const DEAD_MS = 45_000;
// A page whose clock went on by so much between two looks has slept.
const LOOK_MS = 2_000;
const SLEPT_MS = 8_000;
const ANSWER_MS = 4_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SESSION_ENDED = new Set([4401, 4403]);

export class ChatSocket {
  /** `hello()` gives the first frame, `receive(frame)` takes each answer, `status(state)` hears
      "open", "offline" or "closed" (signed out: it does not try again). */
  constructor(path, { hello, receive, status }) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    this.hello = hello;
    this.receive = receive;
    this.status = status;
    this.unconfirmed = new Map();
    this.waiting = [];
    this.failures = 0;
    this.isReady = false;
    this.connect();
    this.lookedAt = Date.now();
    setInterval(() => this.beat(), PING_MS);
    setInterval(() => this.look(), LOOK_MS);
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.wake();
    });
  }

  /** A frame with a client_msg_id is kept and sent again until `confirm`. */
  send(frame) {
    if (frame.client_msg_id) this.unconfirmed.set(frame.client_msg_id, frame);
    if (this.isReady) this.write(frame);
    else if (!frame.client_msg_id) this.waiting.push(frame);
  }

  confirm(clientMsgId) {
    this.unconfirmed.delete(clientMsgId);
  }

  write(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  connect() {
    this.heardAt = Date.now();
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => this.write(this.hello()));
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.take(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.socket) this.lose(event.code);
    });
  }

  take(frame) {
    this.heardAt = Date.now();
    if (frame.type === "welcome") this.begin();
    else if (frame.type !== "pong") this.receive(frame);
  }

  begin() {
    this.isReady = true;
    this.failures = 0;
    this.status("open");
    for (const frame of this.waiting.splice(0)) this.write(frame);
    for (const frame of this.unconfirmed.values()) this.write(frame);
  }

  async lose(code) {
    this.isReady = false;
    this.socket = null;
    if (SESSION_ENDED.has(code) || (this.failures > 0 && (await isSignedOut()))) {
      this.isOver = true;
      this.status("closed");
      return;
    }
    this.status("offline");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures += 1;
    // Spread out, so that a server that comes back is not met by everybody at once.
    this.retry = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  look() {
    const hasSlept = isFarFrom(this.lookedAt, SLEPT_MS);
    this.lookedAt = Date.now();
    if (hasSlept) this.wake();
  }

  // A laptop that slept holds a socket that looks open and is not: whoever does not answer soon is gone.
  wake() {
    if (this.isOver) return;
    if (this.socket === null) {
      clearTimeout(this.retry);
      this.connect();
      return;
    }
    if (this.isReady) this.write({ type: "ping" });
    const { socket, heardAt } = this;
    clearTimeout(this.waking);
    this.waking = setTimeout(() => {
      if (socket === this.socket && heardAt === this.heardAt) this.giveUp();
    }, ANSWER_MS);
  }

  beat() {
    if (this.socket === null) return;
    if (isFarFrom(this.heardAt, DEAD_MS)) this.giveUp();
    else if (this.isReady) this.write({ type: "ping" });
  }

  giveUp() {
    this.socket.close();
    this.lose(1006);
  }
}

// Either way: a clock may be put back.
function isFarFrom(moment, milliseconds) {
  return Math.abs(Date.now() - moment) > milliseconds;
}

async function isSignedOut() {
  try {
    const response = await fetch(location.href, { method: "HEAD", redirect: "manual" });
    return response.type === "opaqueredirect" || response.status === 403;
  } catch {
    return false;
  }
}
