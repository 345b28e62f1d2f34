// What every page does. What only the conversation does stands in static/chat/.
import "../chat/drafts.js";
import "./csrf.js";
import "./copy.js";
import "./menu.js";
import "./scrolling.js";
import "./shortcuts.js";
import "./sidebar.js";
import "./sidebar_rows.js";
import "./times.js";
import "./toast.js";
