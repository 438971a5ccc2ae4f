# SPDX-License-Identifier: Apache-2.0
"""The table at the end."""

import os


def _cells(step):
    outcome = step.outcome if step.outcome == step.conclusion else f"{step.outcome} (goes on)"
    return [str(step.number), step.name, outcome, f"{step.seconds:.1f}", " ".join(step.note.split())]


def _table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]).rstrip() for row in rows
    )


def write(results, output):
    """The text, which is also in summary.txt beside the logs."""
    parts = []
    for result in results:
        parts.append(f"\n{result.job.id} ({result.job.name}): {result.status} in {result.seconds:.1f} s")
        if result.steps:
            parts.append(_table([["", "step", "outcome", "s", ""], *(_cells(step) for step in result.steps)]))
    parts.append(f"\nclone, logs and artifacts: {output}")
    text = "\n".join(parts)
    with open(os.path.join(output, "summary.txt"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return text
