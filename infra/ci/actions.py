# SPDX-License-Identifier: Apache-2.0
"""What stands for the `uses:` steps on this machine. Each answers with what it did, or raises ActionFailed or NotExecuted."""

import glob
import os
import shutil
import subprocess

class ActionFailed(Exception):
    """A sentence about what went wrong."""


class NotExecuted(Exception):
    """Why the action does nothing on this machine. The job goes on; the step is told as skipped, never as a success."""


def _output(*command, cwd=None):
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    except OSError as error:
        raise ActionFailed(f"{command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise ActionFailed(f"{' '.join(command)}: {error.stderr.strip()}") from error
    return done.stdout.strip()


def checkout(run, inputs):
    """A clone of what is committed, into the workspace. Files that are only in the working tree are not in it."""
    if os.path.isdir(os.path.join(run.workspace, ".git")):
        return f"{run.workspace} is the clone already"
    _output("git", "clone", "--quiet", "--no-hardlinks", run.source, run.workspace)
    _output("git", "checkout", "--quiet", run.github["sha"], cwd=run.workspace)
    return f"cloned {run.github['sha'][:12]}"


def buildx(run, inputs):
    """An engine is needed from here on, so its absence is told here."""
    version = _output("docker", "version", "--format", "{{.Server.Version}}")
    compose = _output("docker", "compose", "version", "--short")
    raise NotExecuted(f"the engine's own builder is used (Docker {version}, Compose {compose})")


def upload(run, inputs):
    """Copies the files to artifacts/NAME, as they would be found in a download."""
    target = os.path.join(run.output, "artifacts", inputs.get("name", "artifact"))
    paths = []
    for pattern in inputs["path"].split("\n"):
        pattern = pattern.strip()
        paths += glob.glob(os.path.join(run.workspace, pattern), recursive=True) if pattern else []
    count = 0
    for path in paths:
        if os.path.isdir(path):
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            os.makedirs(target, exist_ok=True)
            shutil.copy2(path, target)
        count += 1
    if count == 0:
        if inputs.get("if-no-files-found", "warn") == "error":
            raise ActionFailed(f"no file matches {inputs['path'].strip()}")
        return f"warning: no file matches {inputs['path'].strip()}"
    names = sorted(os.listdir(target))
    return f"{len(names)} files in {target}: {', '.join(names)}"


def elsewhere(what):
    def skip(run, inputs):
        raise NotExecuted(what)

    return skip


KNOWN = {
    "actions/checkout": checkout,
    "docker/setup-buildx-action": buildx,
    "EnricoMi/publish-unit-test-result-action": elsewhere("it writes to GitHub's checks"),
    "codecov/codecov-action": elsewhere("it sends to Codecov"),
    "actions/upload-artifact": upload,
}
