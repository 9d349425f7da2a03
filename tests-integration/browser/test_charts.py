"""Curves in the browser: what is drawn, read, smoothed, zoomed, and how quickly."""

import json
import math

import pytest

# Columns as the route of one curve answers with them: what is not finite is null, and named.
ANSWER = {
    "run_id": "run:p.r",
    "metric_key": "loss",
    "unit": "nats",
    "steps": [0, 1, 2, 3],
    "values": [1.0, None, None, 0.25],
    "observed_at": [f"2026-01-01T00:00:0{second}Z" for second in range(4)],
    "epochs": [None, None, None, None],
    "marks": [
        {"index": 1, "step": 1, "value": "NaN"},
        {"index": 2, "step": 2, "value": "-Infinity"},
    ],
}


@pytest.fixture
def curves(watched):
    """The page of a run with its charts drawn."""
    watched.open("/ui/runs/night-01")
    watched.page.locator("figure canvas").first.wait_for()
    return watched.page


def data_module(page, code, argument=None):
    """Run code that has `m`, the module which reads data of charts."""
    script = f"async (a) => {{ const m = await import('/static/chart-data.js'); {code} }}"
    return page.evaluate(script, argument)


def test_answers_of_routes_and_pages_are_read_alike(curves):
    """Columns of the JSON route and the data inside a page give the same curve."""
    inline = {
        "x_label": "step",
        "unit": "nats",
        "series": [{"label": "p.r", "x": [0, 1, 2, 3], "y": [1.0, "NaN", "-Infinity", 0.25]}],
    }
    code = """
        const show = (d) => [d.series[0].label, d.series[0].x, d.series[0].y.map(String), d.unit];
        return [show(m.normalize(a[0])), show(m.normalize(a[1]))];"""

    columns, inside = data_module(curves, code, [ANSWER, inline])

    assert ["p.r", [0, 1, 2, 3], ["1", "NaN", "-Infinity", "0.25"], "nats"] == columns
    assert columns == inside


def test_time_is_an_axis_where_every_point_has_one(curves):
    """Steps, time since the start and the clock; epochs only where they were logged."""
    code = "return m.axesOf(m.normalize(a)).map(([key]) => key);"

    assert ["x", "r", "t"] == data_module(curves, code, ANSWER)


def test_smoothing_is_the_corrected_exponential_mean(curves):
    """The first values are not drawn to zero, and what is not finite leaves a gap."""
    values = [1.0, None, 0.5, 2.0]
    smoothed = data_module(curves, "return m.smooth(a.map((v) => v ?? NaN), 0.5);", values)

    expected, mean = [], 0.0
    for count, value in enumerate([1.0, 0.5, 2.0], start=1):
        mean = mean * 0.5 + 0.5 * value
        expected.append(mean / (1 - 0.5**count))

    assert smoothed[1] is None
    assert all(map(math.isclose, expected, [smoothed[0], *smoothed[2:]]))


def test_gaps_are_known_by_place(curves):
    """Each value that is NaN or infinite has its place on the axis, to be marked there."""
    found = data_module(curves, "return m.broken(m.normalize(a), 'x').map(String);", ANSWER)

    assert ["0,1,NaN", "0,2,-Infinity"] == found


def test_log_axis_leaves_out_what_has_no_logarithm(curves):
    """Zero and less are no points of a logarithmic axis."""
    code = "return m.align(m.normalize(a), 'x', 0, true)[1];"
    answer = ANSWER | {"values": [1.0, 0.0, -1.0, 0.25], "marks": []}

    assert [1.0, None, None, 0.25] == data_module(curves, code, answer)


def test_curves_of_different_steps_share_an_axis(curves):
    """A step that only one run has is no gap of the other."""
    two = {"series": [ANSWER | {"marks": []}, ANSWER | {"steps": [0, 10, 20, 30], "marks": []}]}
    code = """
        const [x, first, second] = m.align(m.normalize(a), 'x', 0, false);
        const lacks = (list) => Array.from(list, (v) => v === undefined);
        return [x, lacks(first), lacks(second)];"""

    x, first, second = data_module(curves, code, two)

    assert [0, 1, 2, 3, 10, 20, 30] == x
    assert [False, False, False, False, True, True, True] == first
    assert [False, True, True, True, False, False, False] == second


def test_a_chart_is_enlarged_with_its_controls(curves):
    """The button beside a chart opens it large: log scale, smoothing, a table of its values."""
    curves.get_by_role("button", name="Enlarge loss").first.click()
    dialog = curves.get_by_role("dialog")
    dialog.get_by_label("Log scale").check()
    dialog.get_by_label("Smoothing").fill("0.9")
    dialog.get_by_role("button", name="Table").click()
    rows = dialog.locator("tbody tr").count()
    curves.keyboard.press("Escape")

    assert 100 < rows
    assert 0 == dialog.count()


def test_arrow_keys_read_values_aloud(curves):
    """A chart is a stop of the keyboard, and its values are said to screen readers."""
    curves.locator("figure .chart-plot.active").first.focus()
    curves.keyboard.press("End")
    said = curves.locator("[data-announce]").text_content()

    assert said.startswith("step ")
    assert "loss " in said


def test_a_zoom_can_be_taken_back(watched):
    """Dragging over a chart shows that part, and a button shows the whole again."""
    watched.open("/ui/runs/night-01/series?metric=loss")
    page = watched.page
    over = page.locator("figure .u-over")
    over.wait_for()
    page.wait_for_load_state("networkidle")
    box = over.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.up()
    reset = page.get_by_role("button", name="Reset zoom")
    reset.wait_for()
    reset.click()
    reset.wait_for(state="hidden")

    assert 0 == reset.count() or not reset.is_visible()


def test_the_view_of_a_chart_is_in_the_address(watched):
    """Log scale, smoothing, zoom and hidden curves outlive a reload, as the address has them."""
    ids = "vision.night-05,vision.night-12,vision.night-15"
    page = watched.page

    def view():
        figure = page.locator("figure[data-size=large]")
        figure.scroll_into_view_if_needed()
        figure.locator(".u-over").wait_for()
        smoothing = page.get_by_label("Smoothing").input_value()
        pressed = figure.locator(".legend-item").evaluate_all(
            "all => all.map((one) => one.getAttribute('aria-pressed'))"
        )
        page.get_by_role("button", name="Reset zoom").wait_for()
        return page.get_by_label("Log scale").is_checked(), smoothing, pressed

    watched.open(f"/ui/compare/multi?run_ids={ids}#log=1&smooth=0.6&low=200&high=800&hide=1")
    asked = view()
    page.get_by_label("Smoothing").fill("0.9")
    page.wait_for_url(lambda url: "smooth=0.9" in url)
    said = page.evaluate("location.hash")
    page.reload()

    assert (True, "0.6", ["true", "false", "true"]) == asked
    assert "#log=1&smooth=0.9&low=200&high=800&hide=1" == said
    assert (True, "0.9", ["true", "false", "true"]) == view()


def test_an_address_cannot_break_a_chart(curves):
    """What means nothing for a chart is left out of its view."""
    code = """
        const r = await import('/static/chart-memory.js');
        const hash = '#log=1&over=zz&smooth=7&low=9&high=3&hide=55,-1,x,0&<b>=1';
        const state = { axis: 'x', weight: 0, zoom: null, ...r.recall(m.normalize(a), hash) };
        return [r.told(state), r.told({ ...state, log: false, hidden: new Set() })];"""

    assert ["#log=1&hide=0", ""] == data_module(curves, code, ANSWER)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.45, 1.07, [0.4, 2]),
        (0.3086, 2.49431, [0.3, 3]),
        (1e-7, 12, [1e-7, 20]),
        (5, 5, [0.5, 50]),
        (1e297, 1.7e308, [1e297, 1.7976931348623157e308]),
        (None, None, [None, None]),
    ],
)
def test_a_log_axis_ends_close_to_the_values(curves, low, high, expected):
    """The axis ends at the next digit, not at the next power of ten with most of it empty."""
    code = """async ([low, high]) => {
        const { Chart } = await import('/static/chart-view.js');
        return Chart.prototype.logRange(null, low, high);
    }"""

    assert pytest.approx(expected) == curves.evaluate(code, [low, high])


def test_ten_long_curves_are_drawn(watched, record_property):
    """Ten curves of 10,000 points are drawn, zoomed and smoothed; the milliseconds are noted."""
    watched.open("/ui/runs/night-01/series?metric=loss")
    page = watched.page
    page.locator("figure canvas").wait_for()
    drawn, points, spent = page.evaluate(
        """async () => {
            const { Chart } = await import('/static/chart-view.js');
            const x = Array.from({ length: 10000 }, (_, step) => step);
            const series = Array.from({ length: 10 }, (_, run) => ({
                label: `run ${run}`, x, t: null, e: null,
                y: x.map((step) => Math.exp(-step / 2000) + run / 50 + Math.sin(step * run) / 30),
            }));
            const data = { xLabel: 'step', yLabel: '', unit: null, marks: [], names: null, series };
            const figure = document.createElement('figure');
            const plot = document.createElement('div');
            plot.className = 'chart-plot';
            figure.append(plot);
            document.querySelector('main').prepend(figure);
            const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
            const timed = async (action) => {
                const begin = performance.now();
                action();
                const script = performance.now() - begin;
                await frame();
                return [script, performance.now() - begin];
            };
            let chart;
            const spent = {
                build: await timed(() => {
                    chart = new Chart(figure, data, { size: 'large', title: 'ten' });
                }),
                zoom: await timed(() => chart.uplot.setScale('x', { min: 1000, max: 5000 })),
                smooth: await timed(() => chart.set({ weight: 0.9 })),
                log: await timed(() => chart.set({ log: true })),
            };
            const drawn = chart.uplot.series.filter((one) => one.show).length - 1;
            const points = chart.columns[0].length;
            chart.destroy();
            figure.remove();
            return [drawn, points, spent];
        }"""
    )
    record_property("milliseconds", json.dumps(spent))
    print(json.dumps({name: [round(ms) for ms in pair] for name, pair in spent.items()}))

    # Each curve twice: as it is, and smoothed.
    assert (20, 10_000) == (drawn, points)
