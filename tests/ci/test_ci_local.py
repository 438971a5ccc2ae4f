# SPDX-License-Identifier: Apache-2.0
"""infra/ci-local: outcomes, conditions, refusals, time-outs, artifacts; and the rules of expressions."""

import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "infra", "ci"))

import expressions  # noqa: E402

try:
    import yaml  # noqa: F401

    HAS_YAML = True
except ModuleNotFoundError:
    HAS_YAML = False

CHECKOUT = "      - uses: actions/checkout@0000000000000000000000000000000000000000\n"


def job(*steps, head=""):
    return "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n" + head + "    steps:\n" + CHECKOUT + "".join(steps)


def step(name, run, *keys):
    lines = [f"      - name: {name}", f"        run: {run}", *(f"        {key}" for key in keys)]
    return "\n".join(lines) + "\n"


@unittest.skipUnless(HAS_YAML, "python3-yaml is not installed")
class CiLocal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="telemetra-ci-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_workflow(self, text, *options):
        """Commits the workflow to a repository of its own, and runs it. Returns exit code, output, folder of results."""
        source = os.path.join(self.folder, "source")
        os.makedirs(os.path.join(source, ".github", "workflows"))
        with open(os.path.join(source, ".github", "workflows", "ci.yml"), "w", encoding="utf-8") as file:
            file.write(text)
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "test"]):
            subprocess.run(["git", "-C", source, *command], check=True)
        output = os.path.join(self.folder, "output")
        command = [sys.executable, os.path.join(ROOT, "infra", "ci-local"), "--source", source, "--output", output]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr, output

    def test_steps_run_in_the_clone_and_in_order(self):
        code, text, _ = self.run_workflow(job(step("a", "pwd; echo 1 >made"), step("b", "cat made")))
        self.assertEqual(0, code, text)
        self.assertIn("/output/clone", text)

    def test_after_a_failure_only_what_asks_for_it_runs(self):
        code, text, _ = self.run_workflow(
            job(
                step("breaks", "exit 3"),
                step("next", "echo ran-next"),
                step("always", "echo ran-always", "if: always()"),
                step("on failure", "echo ran-failure", "if: failure()"),
            )
        )
        self.assertEqual(1, code, text)
        self.assertNotIn("\nran-next", text)
        self.assertIn("\nran-always", text)
        self.assertIn("\nran-failure", text)
        self.assertIn("exit 3", text)

    def test_a_failure_that_may_be_goes_on_and_its_outcome_is_told(self):
        code, text, _ = self.run_workflow(
            job(
                step("breaks", "exit 1", "id: tried", "continue-on-error: true"),
                step("next", "echo got-${{ steps.tried.outcome }}-${{ steps.tried.conclusion }}"),
            )
        )
        self.assertEqual(0, code, text)
        self.assertIn("got-failure-success", text)

    def test_a_step_that_takes_too_long_is_ended_and_fails(self):
        code, text, _ = self.run_workflow(job(step("long", "sleep 50", "timeout-minutes: 0.01")))
        self.assertEqual(1, code, text)
        self.assertIn("not done in 0.01 minutes", text)

    def test_a_job_that_needs_a_failed_one_is_skipped_unless_it_asks(self):
        second = "  two:\n    runs-on: ubuntu-latest\n    needs: one\n{}    steps:\n      - run: echo two-saw-${{{{ needs.one.result }}}}\n"
        code, text, _ = self.run_workflow(job(step("breaks", "exit 1")) + second.format("    if: always()\n"))
        self.assertEqual(1, code, text)
        self.assertIn("two-saw-failure", text)

    def test_outputs_and_environment_reach_later_steps(self):
        code, text, _ = self.run_workflow(
            job(
                step("writes", 'echo "k=v1" >>"$GITHUB_OUTPUT"; echo "NAME=v2" >>"$GITHUB_ENV"', "id: first").replace(
                    "run: ", "run: |\n          "
                ),
                step("reads", "echo got-${{ steps.first.outputs.k }}-$NAME"),
            )
        )
        self.assertEqual(0, code, text)
        self.assertIn("got-v1-v2", text)

    def test_artifacts_are_kept(self):
        upload = "      - uses: actions/upload-artifact@0000000000000000000000000000000000000000\n        with: {name: kept, path: out/}\n"
        code, text, output = self.run_workflow(job(step("makes", "mkdir out && echo 1 >out/file"), upload))
        self.assertEqual(0, code, text)
        self.assertTrue(os.path.exists(os.path.join(output, "artifacts", "kept", "file")))

    def test_an_action_that_is_not_executed_here_is_told_as_skipped_with_the_reason(self):
        other = "      - name: {}\n        id: {}\n        uses: {}@0000000000000000000000000000000000000000\n"
        code, text, output = self.run_workflow(
            job(
                other.format("publish", "p", "EnricoMi/publish-unit-test-result-action"),
                other.format("coverage", "c", "codecov/codecov-action"),
                step("next", "echo saw-${{ steps.p.outcome }}-${{ steps.c.conclusion }}"),
            )
        )
        self.assertEqual(0, code, text)
        self.assertIn("saw-skipped-skipped", text)
        with open(os.path.join(output, "summary.txt"), encoding="utf-8") as file:
            rows = {row.split()[1]: row for row in file if row[:1].isdigit()}
        self.assertRegex(rows["publish"], r" skipped .* not executed here: it writes to GitHub's checks")
        self.assertRegex(rows["coverage"], r" skipped .* not executed here: it sends to Codecov")
        self.assertRegex(rows["next"], r" success ")

    def test_an_action_that_needs_an_engine_fails_without_one(self):
        uses = "      - name: buildx\n        uses: docker/setup-buildx-action@0000000000000000000000000000000000000000\n"
        with unittest.mock.patch.dict(os.environ, DOCKER_HOST="unix:///nowhere"):
            code, text, _ = self.run_workflow(job(uses, step("next", "echo ran-next")))
        self.assertEqual(1, code, text)
        self.assertNotIn("\nran-next", text)

    def test_a_planted_command_runs_before_its_step(self):
        text = job(step("checks", "test ! -e fault"))
        code, output, _ = self.run_workflow(text, "--before", "checks", "touch fault")
        self.assertEqual(1, code, output)

    def test_what_is_not_known_is_refused_before_anything_runs(self):
        for number, text in enumerate(
            [
                job(step("a", "echo ran")).replace("runs-on", "strategy: {}\n    runs-on"),
                job(step("a", "echo ran", "if: hashFiles('x') != ''")),
                job(step("a", "echo ran ${{ steps.none.outcome }}")),
                job(step("a", "echo ran")).replace("actions/checkout", "someone/else"),
            ]
        ):
            with self.subTest(number):
                self.folder = tempfile.mkdtemp(dir=self.folder)
                code, output, _ = self.run_workflow(text)
                self.assertEqual(2, code, output)
                self.assertIn("not known here", output)


class Expressions(unittest.TestCase):
    def value(self, text):
        return expressions.evaluate(expressions.parse(text), lambda path: None, lambda name: name == "always")

    def test_rules_of_comparison_and_logic(self):
        for text, expected in {
            "'A' == 'a'": True,
            "1 == '1'": True,
            "null == 0": True,
            "'' == false": True,
            "'x' && 'y' || 'z'": "y",
            "'' || 'z'": "z",
            "!always()": False,
            "contains('Hello', 'ELL')": True,
            "format('{0}-{1}{{}}', 'a', 'b')": "a-b{}",
            "('a' == 'b') || always()": True,
        }.items():
            with self.subTest(text):
                self.assertEqual(expected, self.value(text))

    def test_success_is_put_in_front_of_a_condition_without_a_status_function(self):
        self.assertEqual("&&", expressions.condition("1 == 1")[0])
        self.assertEqual(("call", "always", []), expressions.condition("${{ always() }}"))

    def test_what_is_not_understood_is_refused(self):
        for text in ("1 ==", "a.", "foo()", "'open", "1 1"):
            with self.subTest(text), self.assertRaises(expressions.Refused):
                expressions.parse(text)


if __name__ == "__main__":
    unittest.main()
