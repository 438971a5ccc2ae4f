# SPDX-License-Identifier: Apache-2.0
"""Reads a workflow file, and refuses it before anything runs when a part of it is not known here.

Keys: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

import re
from dataclasses import dataclass, field

import expressions
from expressions import Refused

# What only concerns GitHub (triggers, rights, queues) is accepted and has no effect here.
_WORKFLOW_KEYS = {"name", "on", "permissions", "env", "concurrency", "jobs"}
_JOB_KEYS = {"name", "runs-on", "needs", "if", "timeout-minutes", "permissions", "env", "steps"}
_STEP_KEYS = {"name", "id", "if", "run", "uses", "with", "env", "shell", "working-directory", "continue-on-error",
              "timeout-minutes"}  # fmt: skip
_GITHUB = {"repository", "ref", "ref_name", "sha", "run_id", "run_number", "run_attempt", "event_name", "workflow", "job",
           "actor", "workspace", "server_url"}  # fmt: skip
_RUNNER = {"os", "arch", "temp"}
# GitHub's limits when a file names none.
_JOB_MINUTES = 360
SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
}


@dataclass
class Step:
    number: int
    name: str
    id: str | None
    condition: tuple
    run: str | None
    uses: str | None
    inputs: dict
    env: dict
    shell: str | None
    folder: str | None
    may_fail: bool
    timeout_minutes: float | None


@dataclass
class Job:
    id: str
    name: str
    needs: list
    condition: tuple
    env: dict
    timeout_minutes: float
    steps: list = field(default_factory=list)


@dataclass
class Workflow:
    name: str
    env: dict
    jobs: dict


def _mapping(value, where):
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{where}: expected keys and values")
    return value


def _keys(value, known, where):
    for key in value:
        if key not in known:
            raise Refused(f"{where}: the key '{key}' is not known here")


def _text(value, where):
    if isinstance(value, (dict, list)):
        raise Refused(f"{where}: expected a text, a number, true or false")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _env(value, where):
    return {str(name): _text(text, f"{where}, {name}") for name, text in _mapping(value, where).items()}


def _minutes(value, where):
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise Refused(f"{where}: timeout-minutes is a positive number here, found '{value}'")
    return value


class _Names:
    """What an expression of a step may refer to."""

    def __init__(self, where, job_needs, step_ids, env):
        self.where, self.needs, self.ids, self.env = where, job_needs, step_ids, env

    def check(self, tree):
        for path in expressions.references(tree):
            if not self.known(path):
                raise Refused(f"{self.where}: '{'.'.join(path)}' is not known here")

    def known(self, path):
        match path:
            case ["github", name]:
                return name in _GITHUB
            case ["runner", name]:
                return name in _RUNNER
            case ["env", name]:
                return name in self.env
            case ["job", "status"]:
                return True
            case ["secrets", _]:
                return True
            case ["steps", name, "outcome" | "conclusion"] | ["steps", name, "outputs", _]:
                return name in self.ids
            case ["needs", name, "result"]:
                return name in self.needs
        return False

    def check_text(self, text):
        for tree in expressions.holes(text):
            self.check(tree)


def _step(number, raw, job, ids, env, known_actions, where):
    _keys(raw, _STEP_KEYS, where)
    if ("run" in raw) == ("uses" in raw):
        raise Refused(f"{where}: a step has either run: or uses:")
    uses = raw.get("uses")
    if uses is not None and uses.split("@")[0] not in known_actions:
        raise Refused(f"{where}: the action '{uses}' is not known here")
    if raw.get("shell") not in SHELLS:
        raise Refused(f"{where}: the shell '{raw['shell']}' is not known here")
    may_fail = raw.get("continue-on-error", False)
    if not isinstance(may_fail, bool):
        raise Refused(f"{where}: continue-on-error is true or false here")
    step = Step(
        number=number,
        name=raw.get("name") or uses or raw["run"].strip().splitlines()[0],
        id=raw.get("id"),
        condition=expressions.condition(raw.get("if", "success()")),
        run=raw.get("run"),
        uses=uses,
        inputs=_env(raw.get("with"), where),
        env=_env(raw.get("env"), where),
        shell=raw.get("shell"),
        folder=raw.get("working-directory"),
        may_fail=may_fail,
        timeout_minutes=_minutes(raw.get("timeout-minutes"), where),
    )
    names = _Names(where, job.needs, ids, {**env, **step.env})
    names.check(step.condition)
    for text in (step.name, step.run or "", step.folder or "", *step.inputs.values(), *step.env.values()):
        names.check_text(text)
    return step


def _job(job_id, raw, workflow_env, known_jobs, known_actions):
    where = f"job '{job_id}'"
    raw = _mapping(raw, where)
    _keys(raw, _JOB_KEYS, where)
    needs = raw.get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    for name in needs:
        if name not in known_jobs:
            raise Refused(f"{where}: needs '{name}', which does not stand before it")
    job = Job(
        id=job_id,
        name=raw.get("name", job_id),
        needs=needs,
        condition=expressions.condition(raw.get("if", "success()")),
        env=_env(raw.get("env"), where),
        timeout_minutes=_minutes(raw.get("timeout-minutes", _JOB_MINUTES), where),
    )
    names = _Names(where, needs, set(), workflow_env)
    names.check(job.condition)
    for text in (job.name, *job.env.values()):
        names.check_text(text)
    ids = set()
    for number, raw_step in enumerate(raw.get("steps") or [], 1):
        step_where = f"{where}, step {number}"
        step = _step(number, _mapping(raw_step, step_where), job, ids, {**workflow_env, **job.env}, known_actions, step_where)
        if step.id in ids:
            raise Refused(f"{step_where}: the id '{step.id}' is there twice")
        if step.id:
            ids.add(step.id)
        job.steps.append(step)
    if not job.steps:
        raise Refused(f"{where}: no steps")
    return job


def load(text, known_actions):
    """text: the workflow file's. known_actions: names without version that the runner has an answer to."""
    import yaml

    class Loader(yaml.SafeLoader):
        """`on` is a word in workflows, not YAML 1.1's true."""

    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))

    try:
        raw = yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise Refused(f"not YAML: {error}") from error
    raw = _mapping(raw, "the file")
    _keys(raw, _WORKFLOW_KEYS, "the file")
    env = _env(raw.get("env"), "env")
    jobs = {}
    for job_id, raw_job in _mapping(raw.get("jobs"), "jobs").items():
        jobs[job_id] = _job(job_id, raw_job, env, jobs, known_actions)
    if not jobs:
        raise Refused("the file has no jobs")
    return Workflow(name=raw.get("name", "workflow"), env=env, jobs=jobs)
