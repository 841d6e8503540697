// Keeps the simulator's phones fresh every 2 s and their newest message in sight, unless somebody scrolled up.
const EVERY = 2000;
const NEAR = 60;

function toEnd(log) {
  log.scrollTop = log.scrollHeight;
}

async function refresh(log) {
  const answer = await fetch(log.dataset.chat);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  if (fresh.textContent === log.textContent && fresh.innerHTML.length === log.dataset.size * 1) return;
  if (log.contains(document.activeElement) && document.activeElement !== log) return; // Somebody is about to press an answer.
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  log.dataset.size = fresh.innerHTML.length;
  log.replaceChildren(...fresh.childNodes);
  if (atEnd) toEnd(log);
}

async function all() {
  for (const log of document.querySelectorAll("[data-chat]")) await refresh(log).catch(() => {});
}

async function keepFresh() {
  if (!document.hidden) await all();
  setTimeout(keepFresh, EVERY);
}

for (const log of document.querySelectorAll("[data-chat]")) toEnd(log);
setTimeout(keepFresh, EVERY);
document.addEventListener("line-written", all);
