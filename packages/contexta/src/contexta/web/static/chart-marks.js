// What is drawn over a chart: places with a meaning, and crosses where values are no numbers.
export function drawMarks(chart, u) {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 6 * px, bbox.top - 10 * px, bbox.width + 12 * px, bbox.height + 10 * px);
  ctx.clip();
  ctx.strokeStyle = chart.palette.mark;
  ctx.fillStyle = chart.palette.mark;
  for (const mark of chart.data.marks) {
    const x = u.valToPos(mark.x, "x", true);
    const first = u.valToPos(mark.first ?? mark.x, "x", true);
    const last = u.valToPos(mark.last ?? mark.x, "x", true);
    ctx.globalAlpha = 0.1;
    ctx.fillRect(first - px, bbox.top, last - first + 2 * px, bbox.height);
    ctx.globalAlpha = 1;
    ctx.setLineDash([4 * px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  ctx.strokeStyle = chart.palette.bad;
  ctx.lineWidth = 1.6 * px;
  const half = 3 * px;
  const y = bbox.top - 4 * px;
  let previous = -Infinity;
  for (const [index, value] of chart.crosses) {
    if (chart.state.hidden.has(index)) continue;
    const x = u.valToPos(value, "x", true);
    // Thousands of gaps in a row would be a bar of crosses: one for each few pixels.
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1 || Math.abs(x - previous) < half) continue;
    previous = x;
    ctx.beginPath();
    ctx.moveTo(x - half, y - half);
    ctx.lineTo(x + half, y + half);
    ctx.moveTo(x + half, y - half);
    ctx.lineTo(x - half, y + half);
    ctx.stroke();
  }
  ctx.restore();
}
