"""Open a page in a headless Chromium without a network, and let JavaScript report what it finds."""

import json
import re
import subprocess
from html import unescape

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000",
]  # fmt: skip

# Waits until the figures are drawn, then reports what `check` returns.
WAIT = """
<script type="module">
const until = async (ready) => {{ while (!ready()) await new Promise((done) => setTimeout(done, 50)); }};
const drawn = () => until(() => document.querySelector("#curves svg") && document.querySelector("#frontier svg"));
const set = (id, value, kind = "input") => {{
  const element = document.getElementById(id);
  if (element.type === "checkbox") element.checked = value; else element.value = value;
  element.dispatchEvent(new Event(kind));
}};
const text = (id) => document.getElementById(id).textContent;
const result = document.createElement("pre");
result.id = "test-result";
try {{
  await drawn();
  const found = await (async () => {{ {check} }})();
  const requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  result.textContent = JSON.stringify({{ found, requests }});
}} catch (error) {{
  result.textContent = JSON.stringify({{ error: String(error.stack) }});
}}
document.body.append(result);
</script>
"""


def run(page, folder, check, *flags):
    """Return what JavaScript finds in a page: the value that `check`, the body of an async function, returns.

    Raises AssertionError if it throws, if the page writes to the console, or asks for any address.
    """
    path = folder / "page.html"
    path.write_text(page.replace("</body>", f"{WAIT.format(check=check)}</body>"), encoding="utf-8")
    command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    result = re.search(r'<pre id="test-result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert result, f"no result\n{done.stderr[-3000:]}"
    report = json.loads(unescape(result[1]))
    assert "error" not in report, report["error"]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    outside = [name for name in report["requests"] if not name.startswith(("data:", "blob:"))]
    assert not outside, outside
    return report["found"]
