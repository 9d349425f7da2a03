// Times in words, in place: "3 min ago"; the title keeps the exact instant, here and in UTC.
const STEPS = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86400, 3600, "hour"],
  [86400 * 30, 86400, "day"],
  [86400 * 365, 86400 * 30, "month"],
  [Infinity, 86400 * 365, "year"],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

export function relative(then, now = Date.now()) {
  const seconds = (then - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const [, unit, name] = STEPS.find(([limit]) => size < limit);
  return words.format(Math.trunc(seconds / unit), name);
}

export function paintTimes(from = document) {
  const place = from instanceof Element ? from : document;
  for (const time of place.querySelectorAll("time[datetime]")) {
    const then = Date.parse(time.dateTime);
    if (Number.isNaN(then)) continue;
    time.textContent = relative(then);
    if (!time.dataset.exact) {
      time.dataset.exact = time.title;
      const local = new Date(then).toLocaleString(undefined, { timeZoneName: "short" });
      time.title = `${time.dataset.exact}\n${local} (local)`;
    }
  }
}
