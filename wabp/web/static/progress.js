// Keeps the delivery board fresh: every 2 s in the first minute, then after 5, 15 and 60 s.
// It stops when all is final, waits while the tab is hidden, and speaks one sentence at most every 10 s.
const board = document.querySelector("[data-progress]");
const started = Date.now();
let timer;
let paused = false;
let spokenAt = 0;

function pause() {
  const minutes = (Date.now() - started) / 60000;
  if (minutes < 1) return 2000;
  if (minutes < 3) return 5000;
  return minutes < 15 ? 15000 : 60000;
}

function say(sentence) {
  const status = document.querySelector("[data-spoken]");
  if (!sentence || status.textContent === sentence || Date.now() - spokenAt < 10000) return;
  status.textContent = sentence;
  spokenAt = Date.now();
}

// An id or an address finds the focused element again in the fresh copy.
function refind(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const address = element.getAttribute("href");
  return address ? `[href="${CSS.escape(address)}"]` : "";
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error("no fresh figures");
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

function place(box, fresh) {
  const focused = box.contains(document.activeElement) ? refind(document.activeElement) : "";
  box.replaceChildren(...fresh.childNodes);
  if (focused) box.querySelector(focused)?.focus({ preventScroll: true });
}

async function refresh() {
  const fresh = await fetched(board.dataset.progress + location.search);
  for (const box of board.querySelectorAll("[data-part]")) {
    place(box, fresh.querySelector(`[data-part="${box.dataset.part}"]`));
  }
  const list = board.querySelector("[data-recipients]");
  place(list, await fetched(list.dataset.recipients));
}

async function tick() {
  const stale = document.querySelector("[data-stale]");
  try {
    await refresh();
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
  const figures = board.querySelector("[data-sentence]");
  const final = figures?.dataset.final === "yes";
  if (final) spokenAt = 0; // The last sentence is always spoken.
  say(figures?.dataset.sentence);
  if (!final) return plan();
  for (const part of document.querySelectorAll("[data-while-sending]")) part.hidden = true;
}

function plan() {
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(tick, pause());
}

if (board && board.querySelector("[data-sentence]")?.dataset.final !== "yes") {
  const button = document.querySelector("[data-pause]");
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    plan();
  });
  document.addEventListener("visibilitychange", plan);
  plan();
}
