"""Text that is not rendered yet stands where it will stand, not glued to what is."""

from __future__ import annotations

# What is rendered of the text so far, and the text that came: before the rendering, and since.
SHOWN = """async ([rendered, before, since]) => {
  const { ReplyStream, characters } = await import("/static/chat/stream.js");
  const place = document.body.appendChild(document.createElement("div"));
  place.className = "prose";
  const stream = new ReplyStream(place);
  let seq = 0;
  for (const append of before) {
    stream.delta({ seq: (seq += characters(append)), append });
  }
  stream.delta({ seq, append: "", frozen: "", open: rendered });
  for (const append of since) {
    stream.delta({ seq: (seq += characters(append)), append });
  }
  return stream.open.innerText.trim().replace(/\\n+/g, "\\n");
}"""


CASES = (
    ("<h2>Next</h2>", ["## Next"], ["\n\n1. Open", " it"], "Next\n1. Open it"),
    ("<h2>Next</h2>", ["## Next\n", "\n"], ["1. Open", "\n2. Shut"], "Next\n1. Open\n2. Shut"),
    ("<h2>Next</h2>", ["## Next"], [" week", "\n", "\nGo"], "Next week\nGo"),
    ("<p>One</p>", ["One"], [".\n\nTwo", " three"], "One.\nTwo three"),
    ("<p>One</p>", ["One "], ["two\nthree"], "One two three"),
    ("<ul>\n<li>One</li>\n</ul>", ["- One"], [" and\n- two"], "One and\n- two"),
    ("<ul>\n<li>One</li>\n</ul>", ["- One\n\n"], ["After"], "One\nAfter"),
    ("<pre><code>a = 1\n</code></pre>", ["```\na = 1\n"], ["b = 2"], "a = 1\nb = 2"),
    ("<pre><code></code></pre>", ["```\n"], ["    a"], "a"),
)


def test_it_is_readable_at_once(chat):
    for rendered, before, since, shown in CASES:
        assert chat.page.evaluate(SHOWN, [rendered, before, since]) == shown
