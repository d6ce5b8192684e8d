"use strict";
// Enrols, lists and removes through /api; text from the service is only ever set as text.
(() => {
  const limit = 10000; // longest wait for an answer, milliseconds
  const byId = (id) => document.getElementById(id);
  const form = byId("enrol"), rows = byId("rows"), more = byId("more"), outcome = byId("outcome");
  let language = "en";
  let next = null;
  let said = null;

  const word = (key, values = {}) =>
    words[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  function say(key, values = {}, wrong = false) {
    said = key && { key, values, wrong };
    outcome.textContent = key ? word(key, values) : "";
    outcome.classList.toggle("wrong", wrong);
  }

  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = chosen;
    document.title = word("title");
    for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
    }
    for (const button of rows.querySelectorAll("button")) {
      button.setAttribute("aria-label", word("remove-of", button.enrolment));
    }
    for (const time of rows.querySelectorAll("time")) time.textContent = moment(time.dateTime);
    for (const field of ["student", "course"]) {
      const error = byId(`${field}-error`);
      if (error.dataset.key) error.textContent = word(error.dataset.key);
    }
    if (said) say(said.key, said.values, said.wrong);
    try { localStorage.setItem("language", chosen); } catch { /* private windows keep nothing */ }
  }

  const moment = (text) => new Date(text).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });

  // The answer's status and JSON, or status 0 when there was none.
  async function ask(path, options = {}) {
    try {
      const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(limit) });
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : null };
    } catch {
      return { status: 0, body: null };
    }
  }

  function mark(field, key) {
    const error = byId(`${field}-error`);
    byId(field).setAttribute("aria-invalid", String(Boolean(key)));
    error.dataset.key = key;
    error.textContent = key ? word(key) : "";
  }

  function row(enrolment) {
    const line = document.createElement("tr");
    for (const text of [enrolment.student, enrolment.course]) {
      line.insertCell().textContent = text;
    }
    const time = document.createElement("time");
    time.dateTime = enrolment.enrolled_at;
    time.textContent = moment(enrolment.enrolled_at);
    line.insertCell().append(time);
    const button = document.createElement("button");
    button.type = "button";
    button.enrolment = enrolment;
    button.dataset.word = "remove";
    button.textContent = word("remove");
    button.setAttribute("aria-label", word("remove-of", enrolment));
    button.addEventListener("click", () => remove(enrolment));
    line.insertCell().append(button);
    return line;
  }

  async function list(after) {
    const { status, body } = await ask(`/api/enrolments?limit=25${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    if (status !== 200) return say("failed", {}, true);
    if (!after) rows.replaceChildren();
    rows.append(...body.items.map(row));
    next = body.next;
    more.hidden = next === null;
    byId("empty").hidden = rows.children.length > 0;
  }

  async function enrol() {
    const sent = { student: form.student.value.trim(), course: form.course.value.trim() };
    let wrong = null;
    for (const field of ["student", "course"]) {
      mark(field, sent[field] ? "" : "missing");
      if (!sent[field]) wrong ??= field;
    }
    if (wrong) return byId(wrong).focus();
    const { status, body } = await ask("/api/enrolments", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(sent)
    });
    if (status === 201) {
      form.reset();
      say("enrolled", body);
      form.student.focus();
      return list();
    }
    if (body?.code === "invalid_field" && sent[body.field]) {
      mark(body.field, "invalid_field");
      return byId(body.field).focus();
    }
    say(body?.code === "already_enrolled" ? "already_enrolled" : "failed", sent, true);
  }

  async function remove(enrolment) {
    const { status } = await ask(`/api/enrolments/${encodeURIComponent(enrolment.id)}`, { method: "DELETE" });
    if (status === 204) say("removed", enrolment);
    else say(status === 404 ? "not_found" : "failed", {}, true);
    await list();
    byId("list-title").scrollIntoView({ block: "nearest" });
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); enrol(); });
  more.addEventListener("click", () => list(next));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  let kept = null;
  try { kept = localStorage.getItem("language"); } catch { /* private windows keep nothing */ }
  speak(kept in words ? kept : navigator.language.startsWith("fr") ? "fr" : "en");
  list();
})();
