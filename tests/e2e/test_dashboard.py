"""The dashboard in a real Chromium, over the real pipeline: what streamers and moderators see.

TELEMETRA_SCREENSHOTS names a folder to keep the screenshots in; without it they go with the test's own.
"""

import calendar
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import tempfile
import time
import unittest
import urllib.parse

import browser
import harness

#: From a planted peak to the page: what plugins/moments/README.md says of its kind, a flush (1 s), an update of the
#: socket (1.5 s), and 2.5 s for a browser on a busy machine.
DELAYS_S = {"raid": 5, "chat_spike": 25}
WIDTHS = {1440: 900, 1024: 768, 390: 844}
THEMES = ("light", "dark")
ROW = ".streams tbody tr"
FRONTENDS = '({ component = "rest"; }, { component = "websocket"; }, { component = "dashboard"; })'

#: Text whose contrast with what is behind it is less than WCAG 2.2 asks for at level AA (1.4.3): 4.5, large text 3.
LOW_CONTRAST = r"""
const parse = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
const linear = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
function ground(element) {
    for (let at = element; at; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest(".unseen, :disabled, noscript")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(parse(style.color)), luminance(ground(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) found.push(`${node.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
}
return found;
"""

#: What has the focus: enough to know it and to see that it can be seen.
FOCUSED = r"""
const at = document.activeElement;
const outlines = [at, at.closest("fieldset") ?? at].map((one) => getComputedStyle(one).outlineStyle);
outlines.push(getComputedStyle(at, "::after").outlineStyle);
return {tag: at.tagName, id: at.id, href: at.getAttribute("href"), label: at.getAttribute("aria-label"),
        isSeen: outlines.some((style) => style !== "none")};
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def config(folder, port, source, processors='{ component = "window"; }', pipeline="", frontends=FRONTENDS):
    """A pipeline like conf/standalone.cfg on a port that a restart can take again."""
    return f"""
        pipeline = {{ name = "dashboard"; {pipeline} }};
        listen = {{ port = {port}; }};
        codec = {{ component = "json"; }};
        sources = ({{ {source} }});
        processors = ({processors});
        sinks = ({{ component = "sqlite"; path = "{folder}/telemetra.db"; }});
        frontends = {frontends};
    """


def time_of(text):
    """Seconds of an RFC 3339 time in UTC."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


def moment_id(stream, kind, what):
    """As the contract has it: of a raid, from its event."""
    return hashlib.sha256(f"{stream}\0{kind}\0{what}".encode()).hexdigest()[:32]


class DashboardTest(unittest.TestCase):
    """One browser for all tests of a class; each test ends with a look at its console and its requests."""

    #: Where the class has a pipeline for all of its tests.
    port = None

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(browser.Browser())

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="telemetra-dashboard-")))
        self.port = self.port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.server_was_away = False
        self.browser.size(1440, 900)
        self.browser.prefers("light")
        self.browser.leave()

    # Not a cleanup: those stop the servers, and a page that is still open then complains, to this test or the next one.
    def tearDown(self):
        """Nothing was said on the console that should not be, and nobody else was asked for anything."""
        console, requests = self.browser.leave()
        # A browser notes on the console that a server did not answer, whatever a page does about it.
        bad = [text for source, text in console if not (self.server_was_away and source in ("network", "javascript")
                                                        and re.search("ERR_|WebSocket connection", text))]
        self.assertEqual(bad, [])
        hosts = {urllib.parse.urlsplit(url).netloc for url in requests if re.match("(https?|wss?):", url)}
        self.assertLessEqual(hosts, {f"127.0.0.1:{self.port}"})

    def run_pipeline(self, text):
        telemetra = self.enterContext(harness.Telemetra(self.folder, text))
        telemetra.address()
        return telemetra

    def open(self, path=""):
        self.browser.open(browser.NOWHERE)  # a change of the fragment alone would load nothing
        self.browser.open(f"{self.base}/dashboard/{path}")

    def open_stream(self, stream):
        self.open("#/stream/" + urllib.parse.quote(stream, safe=""))
        self.browser.wait("document.querySelector('.tiles')?.checkVisibility()", "a stream's numbers")

    def check_readable(self, picture):
        """A picture for people; for the test: nothing sticks out sideways, and every text stands out."""
        self.browser.screenshot(picture)
        sizes = self.browser.script("const root = document.documentElement;"
                                    "return [root.scrollWidth, root.clientWidth]")
        self.assertLessEqual(sizes[0], sizes[1], "the page is wider than its window")
        self.assertEqual(self.browser.script(LOW_CONTRAST), [])

    def wait_for_connection(self, kind):
        self.browser.wait(f"document.getElementById('connection').dataset.kind === '{kind}'",
                          f"a connection that is {kind}")


#: Twenty lifelike streams; the same episodes at the same distance from the start, whenever that is.
SETTINGS = "streams = 20; rate = 4; episodes = 12"
PROCESSORS = '{ component = "sentiment"; }, { component = "window"; }, { component = "moments"; }'
#: Moments need a past to stand out from.
PAST_S = 2400


def live_config(folder, port, start):
    source = f'component = "mock"; {SETTINGS}; start_time = "{harness.time_text(int(start) * harness.NS)}";'
    return config(folder, port, source, PROCESSORS)


class LiveTest(DashboardTest):
    """Streams that began a while ago and go on; one pipeline for all tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="telemetra-dashboard-"))
        cls.port = free_port()
        text = live_config(folder, cls.port, time.time() - PAST_S)
        cls.enterClassContext(harness.Telemetra(folder, text)).address()

    def test_numbers_of_all_streams_change_without_a_socket_each(self):
        self.open()
        self.browser.wait(f"document.querySelectorAll('{ROW}').length === 20", "twenty streams")
        self.wait_for_connection("good")
        rates = f"[...document.querySelectorAll('{ROW} .tone-chat.number')].map((one) => one.textContent).join()"
        self.browser.wait("document.querySelector('.spark-line[d]')", "a small line")
        before = self.browser.script(f"return {rates}")
        self.browser.wait(f"{rates} !== {json.dumps(before)}", "another chat rate")
        sockets = [url for url in self.browser.requests() if url.startswith("ws")]
        self.assertEqual(sockets, [])

    def test_numbers_of_a_stream_change_and_are_those_of_the_api(self):
        self.open_stream("stream_0001")
        self.browser.wait("document.getElementById('connection-text').textContent === 'Live'", "a live connection")
        values = "[...document.querySelectorAll('.tile-value')].map((one) => one.textContent).join()"
        before = self.browser.script(f"return {values}")
        self.browser.wait(f"{values} !== {json.dumps(before)}", "another number")
        self.browser.click(".values summary")
        harness.wait_until(self.table_is_that_of_the_api, "the values of the API in the table")

    def table_is_that_of_the_api(self):
        """Final values of the last minutes, as the table shows them."""
        _, rows = harness.get(f"{self.base}/api/v1/streams/stream_0001/metrics?limit=20")
        wanted = [row["unique_chatters"] for row in rows if row["final"]][2:12]
        shown = self.browser.script("""return [...document.querySelectorAll(".values tbody tr")]
            .map((row) => Number(row.children[3].textContent.replaceAll(",", "")))""")
        return any(shown[i:i + len(wanted)] == wanted for i in range(len(shown)))

    def test_readable_at_all_widths_in_both_themes(self):
        folder = pathlib.Path(os.environ.get("TELEMETRA_SCREENSHOTS") or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for width, height in WIDTHS.items():
            for theme in THEMES:
                with self.subTest(width=width, theme=theme):
                    self.browser.size(width, height)
                    self.browser.prefers(theme)
                    self.open()
                    self.browser.wait("document.querySelector('.row-sentence')?.textContent", "a last moment")
                    self.check_readable(folder / f"overview-{width}-{theme}.png")
                    self.open_stream("stream_0003")
                    self.browser.wait("document.querySelector('.moment') && document.querySelector('.plot canvas')")
                    self.browser.wait("document.getElementById('connection-text').textContent === 'Live'")
                    self.check_readable(folder / f"stream-{width}-{theme}.png")

    def test_numbers_do_not_move_what_is_around_them(self):
        self.open_stream("stream_0004")
        self.wait_for_connection("good")
        self.browser.wait("document.querySelector('.plot canvas')")
        # Layout shifts as the browser itself counts them; those of the first painting are over by now.
        self.browser.script("""window.shifts = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.shifts += one.value)))
                .observe({type: "layout-shift"});""")
        values = "[...document.querySelectorAll('.tile-value')].map((one) => one.textContent).join()"
        for _ in range(4):
            before = self.browser.script(f"return {values}")
            self.browser.wait(f"{values} !== {json.dumps(before)}", "another number")
        self.assertLess(self.browser.script("return window.shifts"), 0.01)

    def test_everything_can_be_reached_by_keyboard(self):
        self.open()
        self.browser.wait(f"document.querySelectorAll('{ROW}').length === 20", "twenty streams")
        seen = self.tab(8)
        self.assertEqual([one["id"] or one["href"] for one in seen[:5]], ["skip", "#/", "theme", "find", "ended"])
        self.assertTrue(all(one["isSeen"] for one in seen), seen)
        self.assertTrue(seen[5]["href"].startswith("#/stream/"), seen[5])
        self.browser.press("Enter")
        self.browser.wait("document.querySelector('.tiles')?.checkVisibility()", "a stream's numbers")
        self.assertEqual(self.browser.script("return document.activeElement.id"), "main")
        self.browser.wait("document.querySelector('.moment')", "moments")
        seen = self.tab(6)
        self.assertEqual([one["tag"] for one in seen[:3]], ["A", "INPUT", "SUMMARY"], seen)
        self.assertTrue(all(one["isSeen"] for one in seen), seen)
        self.browser.press("Tab", shift=True)
        self.assertEqual(self.browser.script(FOCUSED), seen[4], "no trap for the focus")

    def tab(self, times):
        seen = []
        for _ in range(times):
            self.browser.press("Tab")
            seen.append(self.browser.script(FOCUSED))
        return seen

    def test_a_pointer_reads_all_charts_at_one_time(self):
        self.open_stream("stream_0003")
        self.browser.wait("document.querySelectorAll('.plot canvas').length >= 4")
        self.browser.point_at(".plot canvas")
        self.browser.wait("[...document.querySelectorAll('.chart-value')].every("
                          "(one) => / at ..:..:../.test(one.textContent))")
        times = self.browser.script("""return [...document.querySelectorAll(".chart-value")]
            .map((one) => one.textContent.split(" at ")[1])""")
        self.assertEqual(len(set(times)), 1, times)

    def test_an_hour_can_be_shown_and_is_in_the_address(self):
        self.open_stream("stream_0003")
        self.browser.wait("document.querySelector('.plot canvas')")
        self.browser.click("label[for=range-60]")
        self.assertTrue(self.browser.script("return location.hash").endswith("?range=60"))
        self.browser.wait(f"({self.SHOWN_S})() > 1800", "more than half an hour")
        self.browser.script("location.reload()")
        self.browser.wait(f"document.querySelector('figcaption') && ({self.SHOWN_S})() > 1800", "the same again")

    #: Seconds from the first to the last time that the first chart tells.
    SHOWN_S = r"""() => {
        const times = document.querySelector("figcaption").textContent.match(/\d\d:\d\d:\d\d/g) ?? ["0:0:0", "0:0:0"];
        const [from, to] = times.map((text) => text.split(":").reduce((sum, part) => 60 * sum + Number(part), 0));
        return (to - from + 86400) % 86400;
    }"""

    def test_pictures_and_news_have_words_too(self):
        self.open_stream("stream_0003")
        self.browser.wait("document.querySelector('.plot canvas')")
        figures = self.browser.script("""return [...document.querySelectorAll("figcaption")]
            .map((one) => one.textContent)""")
        self.assertEqual(len(figures), 4)
        for text in figures:
            self.assertRegex(text, "lowest .* highest .* now ")
        marks = self.browser.script("""return ["header", "main", "footer", "aside", "[aria-live=polite]",
            "[role=status]"].filter((one) => document.querySelectorAll(one).length !== 1)""")
        self.assertEqual(marks, [])
        unnamed = self.browser.script("""return [...document.querySelectorAll("button, a, input")].filter((one) =>
            one.checkVisibility() && !one.textContent.trim() && !one.ariaLabel && !one.labels?.length)
            .map((one) => one.outerHTML)""")
        self.assertEqual(unnamed, [])

    def test_a_chosen_theme_is_remembered(self):
        self.open()
        ground = "getComputedStyle(document.body).backgroundColor"
        light = self.browser.script(f"return {ground}")
        self.browser.click("#theme")
        self.assertEqual(self.browser.text("#theme"), "Theme: light")
        self.browser.click("#theme")
        dark = self.browser.script(f"return {ground}")
        self.assertNotEqual(light, dark)
        self.open()
        self.assertEqual(self.browser.script(f"return {ground}"), dark)
        self.browser.click("#theme")
        self.assertEqual(self.browser.text("#theme"), "Theme: system")
        self.browser.prefers("dark")
        self.assertEqual(self.browser.script(f"return {ground}"), dark)


class EventTest(DashboardTest):
    """What happens while somebody looks."""

    def planted(self, start):
        """The episodes of streams that begin at `start`, to come too: the mock tells them where it need not wait."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        harness.run_to_end(self, folder, f"""
            pipeline = {{ name = "planted"; at_idle = "finish"; }};
            codec = {{ component = "json"; }};
            sources = ({{ component = "mock"; {SETTINGS}; start_time = "{harness.time_text(start * harness.NS)}";
                          realtime = false; count = 300000; planted_file = "{folder}/planted.ndjson"; }});
            processors = ({{ component = "window"; }});
            sinks = ({{ component = "file"; path = "{folder}/rows.ndjson"; }});
        """)
        return [json.loads(line) for line in (folder / "planted.ndjson").read_text().splitlines()]

    def plan(self):
        """A start from which on a raid is about half a minute ahead: (start, raid, the spike that it causes)."""
        start = int(time.time()) - PAST_S
        begin = time.monotonic()
        # The clearest spike that a raid causes about then: how weak a one is found is what tests of `moments` ask.
        clearest = max((one for one in self.planted(start) if one["moment_type"] == "chat_spike"
                        and one["cause"] == "raid" and abs(time_of(one["start"]) - start - PAST_S) < 600),
                       key=lambda one: one["magnitude"])
        offset = time_of(clearest["start"]) - start
        # Time for the second look at what is planted, whose ids are those of this start, and for the page to be there.
        ahead = 20 + 4 * (time.monotonic() - begin)
        start += int(time.time() + ahead - time_of(clearest["start"]))
        same = [one for one in self.planted(start) if one["stream_id"] == clearest["stream_id"]]
        spike = min((one for one in same if one["cause"] == "raid" and one["moment_type"] == "chat_spike"),
                    key=lambda one: abs(time_of(one["start"]) - start - offset))
        raid = next(one for one in same if one["moment_type"] == "raid" and one["start"] == spike["start"])
        return start, raid, spike

    def test_a_planted_raid_and_its_spike_light_up_within_their_delay(self):
        start, raid, spike = self.plan()
        stream = raid["stream_id"]
        self.run_pipeline(live_config(self.folder, self.port, start))
        self.open_stream(stream)
        self.wait_for_connection("good")
        self.assertLess(time.time(), time_of(raid["start"]), "the page was there before the raid")
        name = moment_id(stream, "raid", raid["event_id"])
        self.watch_for(f".moment[data-id='{name}'].is-lit", raid)
        self.watch_for(".moment.edge-chat.is-lit", spike)
        self.assertIn("Raid", self.browser.text(f".moment[data-id='{name}']"))
        self.assertGreater(self.browser.script("return document.querySelectorAll('.mark.tone-moment').length"), 0)
        harness.wait_until(lambda: self.api_sentence(stream, name) == self.browser.text(
            f".moment[data-id='{name}'] .moment-text"), "the sentence of the API on the page")

    def api_sentence(self, stream, name):
        _, moments = harness.get(f"{self.base}/api/v1/streams/{stream}/moments")
        return next((one["description"] for one in moments if one["moment_id"] == name), None)

    def watch_for(self, selector, episode):
        """Waits until an episode that is to come shows; fails when that takes longer than is said."""
        time.sleep(max(0, time_of(episode["start"]) - time.time()))
        self.browser.wait(f"document.querySelector({json.dumps(selector)})", f"a moment for {episode}")
        delay = time.time() - time_of(episode["peak"])
        print(f"{episode['moment_type']} shown {delay:.1f} s after its peak")
        self.assertLess(delay, DELAYS_S[episode["moment_type"]])

    def test_a_restart_is_survived_without_a_hole(self):
        start = time.time() - PAST_S
        telemetra = self.run_pipeline(live_config(self.folder, self.port, start))
        self.open_stream("stream_0002")
        self.browser.wait("document.getElementById('connection-text').textContent === 'Live'", "a live connection")
        self.server_was_away = True
        self.assertEqual(telemetra.stop(signal.SIGTERM), 0, telemetra.log)
        self.wait_for_connection("bad")
        self.assertIn("Disconnected", self.browser.text("#connection-text"))
        time.sleep(11)  # long enough that windows come to an end meanwhile
        self.run_pipeline(live_config(self.folder, self.port, start))
        self.browser.wait("document.getElementById('connection-text').textContent === 'Live'", "a live connection")
        self.browser.click(".values summary")
        try:
            harness.wait_until(lambda: self.slides() >= 29, "values of the time without a server")
        except AssertionError as error:
            _, rows = harness.get(f"{self.base}/api/v1/streams/stream_0002/metrics?limit=30")
            raise AssertionError(f"{error}: {self.times()}; API: {[row['timestamp'] for row in rows]}") from None

    def times(self):
        return self.browser.script("""return [...document.querySelectorAll(".values tbody th")]
            .map((cell) => cell.textContent)""")

    def slides(self):
        """How many of the newest rows of the table follow each other by ten seconds."""
        seconds = [sum(int(part) * unit for part, unit in zip(text.split(":"), (3600, 60, 1))) for text in self.times()]
        steps = [(a - b) % 86400 for a, b in zip(seconds, seconds[1:])]
        return next((i for i, step in enumerate(steps) if step != 10), len(steps))


class OverviewTest(DashboardTest):
    """Streams that are many, strange, or not there."""

    def events(self, lines):
        path = self.folder / "events.ndjson"
        harness.write_lines(path, lines)
        source = f'component = "replay"; path = "{path}";'
        return self.run_pipeline(config(self.folder, self.port, source, pipeline='at_idle = "finish";'))

    def test_a_thousand_streams_come_by_pages_and_only_those_in_sight_are_read(self):
        source = 'component = "mock"; model = "flat"; streams = 1000; rate = 1;'
        self.run_pipeline(config(self.folder, self.port, source))
        self.open()
        self.browser.wait(f"document.querySelectorAll('{ROW}').length === 50", "fifty streams of a page")
        first = self.browser.text(f"{ROW} .row-link")
        self.browser.wait("document.querySelector('.spark-line[d]')", "a small line")
        read = {url.split("/")[6] for url in self.browser.requests() if "/metrics" in url}
        self.assertGreater(len(read), 5)
        self.assertLess(len(read), 25)
        self.browser.click("#next")
        self.browser.wait(f"document.querySelector('{ROW} .row-link').textContent !== {json.dumps(first)}", "page 2")
        self.assertIn("Streams 51 to 100", self.browser.text("#summary"))
        self.browser.click("#find")
        self.browser.type("stream_0777")
        self.browser.wait(f"document.querySelectorAll('{ROW}').length === 1", "the one stream that is looked for")
        self.assertEqual(self.browser.text(f"{ROW} .row-link"), "stream_0777")
        self.assertEqual(self.browser.script("return document.activeElement.id"), "find")

    def test_names_of_strangers_are_only_ever_text(self):
        name = '"><img src=x onerror="window.hacked=1">/../%2e?#' + 180 * "w"
        now = int(time.time() * 1000)
        chat = [{"topic": "chat", "event_id": f"e{i}", "timestamp": now - 60000 + 100 * i, "stream_id": name,
                 "user_id": f"u{i % 7}", "message": name, "emotes": ["<b>bold</b>"]} for i in range(500)]
        title = {"topic": "stream_meta", "event_id": "t", "timestamp": now - 60000, "stream_id": name,
                 "event_type": "stream_start", "streamer_name": name, "title": "<script>window.hacked=2</script>"}
        self.events([title, *chat])
        self.open()
        self.browser.wait(f"document.querySelector('{ROW} .row-link')", "the stream")
        self.assertEqual(self.browser.text(f"{ROW} .row-link"), name)
        self.browser.size(390, 844)
        self.check_readable(self.folder / "overview.png")
        self.browser.click(f"{ROW} .row-link")
        self.browser.wait("document.querySelector('.tiles')?.checkVisibility()", "a stream's numbers")
        self.assertEqual(self.browser.text("h1"), name)
        self.assertIn("<script>", self.browser.text(".about"))
        self.assertEqual(self.browser.text(".emote-name"), "<b>bold</b>")
        self.check_readable(self.folder / "stream.png")
        self.assertEqual(self.browser.script("return [window.hacked ?? 0, document.images.length]"), [0, 0])

    def test_without_a_live_socket_the_api_is_read_and_that_is_said(self):
        source = 'component = "mock"; streams = 1; rate = 20;'
        self.server_was_away = True  # of the live socket there is none
        self.run_pipeline(config(self.folder, self.port, source,
                                 frontends='({ component = "rest"; }, { component = "dashboard"; })'))
        self.open()
        self.browser.wait(f"document.querySelector('{ROW} .row-link')", "the stream")
        self.browser.click(f"{ROW} .row-link")
        self.browser.wait("document.querySelector('.tiles')?.checkVisibility()", "a stream's numbers")
        self.browser.wait("document.getElementById('connection-text').textContent.includes('No live connection')")
        rate = self.browser.text(".tile-value")
        self.browser.wait(f"document.querySelector('.tile-value').textContent !== {json.dumps(rate)}", "another number")

    def test_a_lane_that_stopped_is_told_beside_its_numbers(self):
        events = self.folder / "events.ndjson"
        events.write_text('{"topic":"chat","event_id":"1","stream_id":"s","timestamp":"2026-01-01T00:00:00Z"}\n')
        source = f'component = "replay"; path = "{events}"; follow = true;'
        self.run_pipeline(config(self.folder, self.port, source))
        self.open()
        self.wait_for_connection("good")
        (self.folder / "other").mkdir()
        # Another process takes the lane, which is the end of it in this one.
        with harness.Telemetra(self.folder / "other", config(self.folder, free_port(), source)) as other:
            other.address()
            self.wait_for_connection("stale")
        said = self.browser.script("return document.getElementById('connection').textContent")
        self.assertIn("lane 0", said)
        self.assertIn("another process has taken the lane", said)

    def test_nothing_there_is_said_so(self):
        telemetra = self.events([])
        self.open()
        self.wait_for_connection("good")
        self.assertIn("No stream is live now", self.browser.text("#notice"))
        self.open("#/stream/nobody")
        self.browser.wait("document.querySelector('.notice').textContent.includes('no values yet')")
        self.open("#/nowhere")
        self.browser.wait("document.querySelector('h1').textContent === 'No such page'")
        self.open()
        self.wait_for_connection("good")
        self.server_was_away = True
        self.assertEqual(telemetra.stop(), 0, telemetra.log)
        self.wait_for_connection("bad")
        self.assertIn("Not up to date", self.browser.text("#connection-text"))


if __name__ == "__main__":
    unittest.main()
