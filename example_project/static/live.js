"use strict";

// EventSource reconnects by itself after a stream has ended. It stops only after a response with 401 or 403. Then the
// session is over, and has not only got a new key.
const section = document.querySelector("[data-live]");
const state = document.getElementById("live-state");
const source = new EventSource(section.dataset.live);
let reason = "signed-out";

source.addEventListener("headlines", (event) => {
  const { headlines, drafts } = JSON.parse(event.data);
  document.getElementById("live").replaceChildren(...headlines.map(entry));
  const line = document.getElementById("live-drafts");
  line.hidden = drafts === null;
  line.textContent = `Drafts that wait for an admin: ${drafts}`;
  state.textContent = "On air";
});

for (const name of ["signed-out", "refused"]) {
  source.addEventListener(name, () => { reason = name; });
}

source.addEventListener("error", () => {
  if (source.readyState !== EventSource.CLOSED) {
    return;
  }
  state.textContent = "Ended";
  section.remove();
  document.getElementById("live-end").replaceChildren(document.getElementById(reason).content.cloneNode(true));
});

function entry({ title, author, url }) {
  const [item, link, byline] = ["li", "a", "span"].map((name) => document.createElement(name));
  link.href = url;
  link.textContent = title;
  byline.className = "byline";
  byline.textContent = author;
  item.append(link, " ", byline);
  return item;
}
