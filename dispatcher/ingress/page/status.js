// The status page: asks the native API every two seconds and shows what it says, nothing made up.
"use strict";

const EVERY_MS = 2000;
const KEY = "dispatcher-admin-token";
const PARTS = [
  ["sent", ["sent"]],
  ["sending", ["sending"]],
  ["in_doubt", ["in_doubt"]],
  ["failed", ["failed"]],
  ["stopped", ["blocked", "suppressed", "expired", "cancelled"]],
];
const find = (id) => document.getElementById(id);
let shownPages = 1;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` } });
  if (answer.status === 401) throw new Error("refused");
  if (!answer.ok) throw new Error(`${answer.status} from ${path}`);
  return answer.json();
}

function bar(campaign) {
  const whole = element("div", undefined, "bar");
  const words = [];
  for (const [name, states] of PARTS) {
    const count = states.reduce((sum, state) => sum + campaign.counts[state], 0);
    if (!count) continue;
    const part = element("span", undefined, name);
    part.style.width = `${(100 * count) / campaign.total}%`;
    whole.append(part);
    words.push(...states.filter((state) => campaign.counts[state]).map((state) => `${campaign.counts[state]} ${state}`));
  }
  whole.title = words.join(", ") || "nothing sent yet";
  whole.setAttribute("role", "img");
  whole.setAttribute("aria-label", whole.title);
  return whole;
}

function campaignRow(campaign) {
  const row = element("tr");
  const name = element("td");
  name.append(element("strong", campaign.name || "(no name)"), element("code", campaign.id));
  const progress = element("td");
  progress.append(bar(campaign));
  const open = campaign.counts.pending + campaign.counts.sending;
  const state = campaign.paused_reason ? `${campaign.state}: ${campaign.paused_reason}` : campaign.state;
  row.append(
    name,
    element("td", campaign.account),
    element("td", state, `state ${campaign.state}`),
    progress,
    element("td", `${campaign.total - open} of ${campaign.total}`, "number"),
    element("td", campaign.finish_prediction ? new Date(campaign.finish_prediction).toLocaleString() : "–"),
  );
  return row;
}

function senderRow(sender) {
  const row = element("tr");
  const until = sender.paused_until ? ` until ${new Date(sender.paused_until).toLocaleString()}` : "";
  const waits = sender.waiting_why
    ? `${sender.state}. ${sender.waiting_why} Next: ${new Date(sender.waiting_until).toLocaleString()}`
    : sender.state;
  const state = sender.reason ? `${sender.state}: ${sender.reason}${until}` : waits;
  row.append(
    element("td", sender.sender),
    element("td", sender.account),
    element("td", sender.provider),
    element("td", state, `state ${sender.state}`),
    element("td", String(sender.concurrency), "number"),
  );
  return row;
}

function fill(id, rows, none, columns) {
  if (!rows.length) {
    const row = element("tr");
    const cell = element("td", none, "none");
    cell.colSpan = columns;
    row.append(cell);
    rows = [row];
  }
  find(id).replaceChildren(...rows);
}

async function campaigns() {
  const items = [];
  let cursor = "";
  for (let page = 0; page < shownPages; page += 1) {
    const answer = await ask(`/v1/campaigns?limit=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...answer.items);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  find("more").hidden = !cursor;
  return items;
}

async function readiness() {
  const answer = await fetch("/readyz");
  const body = await answer.json();
  const wrong = Object.entries(body.checks).filter(([, note]) => note !== "ok").map(([name, note]) => `${name}: ${note}`);
  find("ready").textContent = wrong.length ? `not ready (${wrong.join("; ")})` : "ready";
  find("ready").className = wrong.length ? "bad" : "good";
}

async function audit() {
  const { findings, in_doubt: doubt } = await ask("/v1/audit");
  const lines = findings.map((finding) => `${finding.check} (${finding.about}): ${finding.found}. ${finding.do}.`);
  if (doubt.undecided) lines.push(`${doubt.undecided} messages in doubt wait for you: dispatcher in-doubt list.`);
  find("amiss").hidden = !lines.length;
  find("amiss").replaceChildren(...lines.map((line) => element("li", line)));
}

async function show() {
  await readiness();
  if (!sessionStorage.getItem(KEY)) return;
  const [items, senders] = [await campaigns(), (await ask("/v1/senders")).items];
  await audit();
  fill("campaigns", items.map(campaignRow), "No campaign yet.", 6);
  fill("senders", senders.map(senderRow), "No sender yet.", 5);
  find("stale").textContent = `As of ${new Date().toLocaleTimeString()}.`;
}

function arrange() {
  const known = Boolean(sessionStorage.getItem(KEY));
  find("enter").hidden = known;
  find("shown").hidden = find("leave").hidden = !known;
}

async function refresh() {
  try {
    await show();
  } catch (trouble) {
    if (trouble.message === "refused") {
      sessionStorage.removeItem(KEY);
      find("refused").textContent = "This token is not the admin token.";
      arrange();
    } else {
      find("stale").textContent = `No answer (${trouble.message}); what is shown is old.`;
    }
  }
}

find("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, find("token").value);
  find("token").value = find("refused").textContent = "";
  arrange();
  refresh();
});
find("leave").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  find("amiss").replaceChildren();
  find("campaigns").replaceChildren();
  find("senders").replaceChildren();
  arrange();
});
find("more").addEventListener("click", () => {
  shownPages += 1;
  refresh();
});

async function keepShowing() {
  if (!document.hidden) await refresh();
  setTimeout(keepShowing, EVERY_MS);
}

arrange();
keepShowing();
