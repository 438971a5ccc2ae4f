# SPDX-License-Identifier: Apache-2.0
"""Executes a workflow's jobs and steps on this machine, by GitHub's rules of outcome and conclusion.

- A step's outcome is what happened; its conclusion is `success` all the same with `continue-on-error`. Only conclusions
  count for success() and failure().
- An action that does nothing on this machine is skipped, with the reason in its note; the job goes on as on GitHub.
- After a failure only those steps run whose `if:` asks for it. An interrupt (Ctrl-C) cancels the job: what is under way
  ends, and the steps that run `always()` still do.
"""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

import actions
import expressions
import model

_KILL_SECONDS = 10
# What steps that run in any case (tear-down) have once the job's time is over; GitHub gives a cancelled job as much.
_GRACE_SECONDS = 300
_LINE_BYTES = 1 << 20


@dataclass
class StepResult:
    number: int
    name: str
    outcome: str
    conclusion: str
    seconds: float
    note: str = ""
    outputs: dict = field(default_factory=dict)


@dataclass
class JobResult:
    job: model.Job
    status: str
    steps: list
    seconds: float


class Run:
    """One execution. source: the repository; workspace: where its clone is or will be; output: logs and artifacts.
    before: {step name: [command, ...]}, run in front of that step, which is how faults are planted."""

    def __init__(self, workflow, source, workspace, output, github, before=None):
        self.workflow = workflow
        self.source = source
        self.workspace = workspace
        self.output = output
        self.github = github
        self.before = before or {}
        self.results = {}
        self.temp = tempfile.mkdtemp(prefix="telemetra-ci-")

    def close(self):
        shutil.rmtree(self.temp, ignore_errors=True)

    def say(self, text):
        print(text, flush=True)

    def jobs(self):
        """Runs every job in the file's order; gives their results."""
        for job in self.workflow.jobs.values():
            self.results[job.id] = self.job(job)
        return list(self.results.values())

    def job(self, job):
        started = time.monotonic()
        self.say(f"\n==== {job.id}: {job.name}")
        state = JobState(self, job)
        if not expressions.truth(expressions.evaluate(job.condition, state.look_up, state.needs_status)):
            self.say("skipped")
            return JobResult(job, "skipped", [], 0.0)
        state.deadline = started + job.timeout_minutes * 60
        for step in job.steps:
            state.step(step)
        return JobResult(job, state.status, list(state.steps), time.monotonic() - started)


class JobState:
    def __init__(self, run, job):
        self.run, self.job = run, job
        self.status = "success"
        self.steps = []
        self.by_id = {}
        self.exported = {}
        self.paths = []
        self.deadline = None
        self.step_env = {}

    # What expressions ask for.

    def look_up(self, path):
        match path:
            case ["github", "job"]:
                return self.job.id
            case ["github", name]:
                return self.run.github[name]
            case ["runner", name]:
                return {"os": "Linux", "arch": platform.machine(), "temp": self.run.temp}[name]
            case ["env", name]:
                return self.env().get(name, "")
            case ["job", "status"]:
                return self.status
            case ["secrets", _]:
                return ""
            case ["needs", name, "result"]:
                return self.run.results[name].status
            case ["steps", name, "outputs", key]:
                return self.by_id[name].outputs.get(key, "") if name in self.by_id else ""
            case ["steps", name, key]:
                return getattr(self.by_id[name], key) if name in self.by_id else ""
        raise expressions.Refused(f"'{'.'.join(path)}' is not known here")

    def needs_status(self, name):
        results = [self.run.results[need].status for need in self.job.needs]
        return {
            "always": True,
            "cancelled": "cancelled" in results,
            "success": all(result == "success" for result in results),
            "failure": "failure" in results,
        }[name]

    def step_status(self, name):
        return name == "always" or self.status == {"cancelled": "cancelled", "success": "success", "failure": "failure"}[name]

    def fill(self, text):
        return expressions.fill(text, self.look_up, self.step_status)

    def env(self):
        return {**self.run.workflow.env, **self.job.env, **self.exported, **self.step_env}

    # One step.

    def step(self, step):
        self.step_env = {}
        self.step_env = {name: self.fill(text) for name, text in step.env.items()}
        name = self.fill(step.name)
        for command in self.run.before.get(step.name, []):
            self.run.say(f"\n-- planted before {step.number}. {name}: {command}")
            subprocess.run(["bash", "-ec", command], cwd=self.run.workspace, env=self.process_env(), check=True)
        started = time.monotonic()
        if not expressions.truth(expressions.evaluate(step.condition, self.look_up, self.step_status)):
            result = StepResult(step.number, name, "skipped", "skipped", 0.0)
            self.run.say(f"\n-- {step.number}. {name}: skipped")
        else:
            self.run.say(f"\n-- {step.number}. {name}")
            result = StepResult(step.number, name, "failure", "failure", 0.0)
            try:
                good = self.command(step, result) if step.run is not None else self.action(step, result)
                result.outcome = "success" if good else "failure"
                result.conclusion = "success" if good or step.may_fail else "failure"
            except actions.NotExecuted as reason:
                result.outcome = result.conclusion = "skipped"
                result.note = f"not executed here: {reason}"
                self.run.say(result.note)
            except KeyboardInterrupt:
                result.outcome = result.conclusion = self.status = "cancelled"
            result.seconds = time.monotonic() - started
            self.run.say(f"-- {step.number}. {name}: {result.outcome} in {result.seconds:.1f} s")
        self.steps.append(result)
        if step.id:
            self.by_id[step.id] = result
        if self.status == "success" and (result.conclusion == "failure" or time.monotonic() > self.deadline):
            self.status = "failure"

    def action(self, step, result):
        name = step.uses.split("@")[0]
        inputs = {key: self.fill(text) for key, text in step.inputs.items()}
        try:
            result.note = actions.KNOWN[name](self.run, inputs)
        except (actions.ActionFailed, OSError) as error:
            self.run.say(f"{name}: {error}")
            result.note = str(error)
            return False
        self.run.say(f"{name}: {result.note}")
        return True

    def process_env(self):
        env = {**os.environ, **{name: self.fill(text) for name, text in self.env().items()}}
        env.update({f"GITHUB_{name.upper()}": value for name, value in self.run.github.items()})
        env.update(CI="true", GITHUB_ACTIONS="true", GITHUB_JOB=self.job.id, RUNNER_TEMP=self.run.temp, RUNNER_OS="Linux")
        if self.paths:
            env["PATH"] = os.pathsep.join([*reversed(self.paths), env["PATH"]])
        return env

    def command(self, step, result):
        files = {}
        env = self.process_env()
        for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY"):
            handle, files[name] = tempfile.mkstemp(prefix=name.lower() + "-", dir=self.run.temp)
            os.close(handle)
            env[f"GITHUB_{name}"] = files[name]
        script = os.path.join(self.run.temp, f"{self.job.id}-{step.number}.sh")
        with open(script, "w", encoding="utf-8") as file:
            file.write(self.fill(step.run))
        folder = os.path.join(self.run.workspace, self.fill(step.folder or ""))
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            seconds = _GRACE_SECONDS
        if step.timeout_minutes is not None:
            seconds = min(seconds, step.timeout_minutes * 60)
        log = os.path.join(self.run.output, "logs", f"{self.job.id}-{step.number:02d}.log")
        code, result.note = _run_logged([*model.SHELLS[step.shell], script], folder, env, seconds, log)
        result.outputs = _read_values(files["OUTPUT"])
        self.exported.update(_read_values(files["ENV"]))
        with open(files["PATH"], encoding="utf-8") as file:
            self.paths += file.read().split()
        return code == 0


def _run_logged(command, folder, env, seconds, log):
    """Runs it with its output here and in the log. Returns its exit code and a note, empty when it is 0."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "wb") as file, subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:  # fmt: skip
        late = threading.Event()
        timer = threading.Timer(seconds, _end, (process, late))
        timer.start()
        try:
            for line in iter(lambda: process.stdout.readline(_LINE_BYTES), b""):
                file.write(line)
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            code = process.wait()
        except BaseException:
            _end(process, late)
            raise
        finally:
            timer.cancel()
    if late.is_set():
        return 1, f"not done in {seconds / 60:.3g} minutes"
    return code, f"exit {code}" if code else ""


def _end(process, late):
    """Its whole process group, first gently."""
    late.set()
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_KILL_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _read_values(path):
    """The lines NAME=VALUE and NAME<<MARK ... MARK that a step wrote for later ones."""
    values = {}
    with open(path, encoding="utf-8") as file:
        lines = iter(file.read().splitlines())
    for line in lines:
        name, sign, value = line.partition("=")
        if "<<" in name or not sign:
            name, sign, mark = line.partition("<<")
            if not sign:
                raise expressions.Refused(f"a step wrote '{line}' where NAME=VALUE was expected")
            value = "\n".join(iter(lambda: next(lines, mark), mark))
        values[name] = value
    return values
