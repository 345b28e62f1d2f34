// The thread follows its end, unless the person has scrolled up to read.
const NEAR_PX = 64;

const box = document.querySelector("[data-scroll]");
const jump = document.querySelector("[data-jump]");
let follows = true;
let lastTop = 0;

function toEnd() {
  box.scrollTop = box.scrollHeight;
}

// Only a move upwards is the person's: by the time the event of our own move comes, more text may
// have arrived below.
function look() {
  const isNearEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
  if (isNearEnd) follows = true;
  else if (box.scrollTop < lastTop) follows = false;
  lastTop = box.scrollTop;
  jump.hidden = follows;
}

export function follow() {
  follows = true;
  jump.hidden = true;
  toEnd();
}

box.addEventListener("scroll", look, { passive: true });
jump.addEventListener("click", follow);

const growth = new ResizeObserver(() => {
  if (follows) toEnd();
  else look();
});
growth.observe(box);

/** The thread is replaced as a whole when another branch is shown. */
export function watchThread() {
  growth.observe(document.getElementById("thread"));
}
