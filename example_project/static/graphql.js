"use strict";

// The endpoint uses the session cookie, so a POST needs the CSRF token of the page.
const form = document.getElementById("query-form");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

document.getElementById("examples").addEventListener("click", (event) => {
  const { query } = event.target.dataset;
  if (query) {
    form.elements.query.value = query;
    send();
  }
});

async function send() {
  const response = await fetch(form.action, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ query: form.elements.query.value }),
  });
  const isJson = response.headers.get("Content-Type").startsWith("application/json");
  const answer = isJson ? JSON.stringify(await response.json(), null, 2) : `HTTP status ${response.status}`;
  document.getElementById("answer").textContent = answer;
}
