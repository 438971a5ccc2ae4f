"""PostgreSQL stopped hard in the middle of COMMIT, gone for a minute, and on a full disk."""

import os
import pathlib
import random
import shutil
import subprocess
import time
import unittest

import lab
from lab import FULL, say
from outage import RECOVERY_S, Outage

STOPS = 20 if FULL else 3
DISK_MIB = 256 if FULL else 64


class Postgres(Outage, unittest.TestCase):
    def test_stopped_hard_in_the_middle_of_commit(self):
        """In turn before the commit is on the disk, which undoes it, and after: done, and nobody was told."""
        chance = random.Random(2)
        stops = caught = rounds = 0
        slowest = 0
        while stops < STOPS:
            trial = lab.lab().trial(self)
            rounds += 1
            with trial.aggregator("a") as aggregator:
                while stops < STOPS and trial.part() < 0.8:
                    trial.wait_part(trial.part() + chance.uniform(0.01, 0.1))
                    caught += self.stop_hard(trial, is_durable=stops % 2 == 1) > 0
                    stops += 1
                    time.sleep(chance.uniform(0, 1))
                    trial.servers.start("postgres")
                    slowest = max(slowest, self.recover(trial, aggregator))
                trial.wait_final()
                self.assertEqual(aggregator.stop(), 0, aggregator.log())
            trial.check()
        say(f"{stops} hard stops in {rounds} rounds of {lab.EVENTS} events, {caught} of them while a COMMIT was under way; "
            f"next commit at most {slowest:.1f} s after the return")
        self.assertGreaterEqual(caught, STOPS // 2)

    def stop_hard(self, trial, is_durable):
        """Kills the server; how many commits were under way just before."""
        if is_durable:
            # A commit that waits for a standby which is not there is on the disk already. The file is set back at once.
            trial.servers.psql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf()")
            time.sleep(0.3)
            trial.servers.psql("ALTER SYSTEM RESET synchronous_standby_names")
        count = 0
        for _ in range(20):
            count = int(trial.sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'") or 0)
            if count:
                break
        trial.servers.kill("postgres")
        return count

    def test_gone_for_a_while(self):
        trial = lab.lab().trial(self)
        with trial.aggregator("a") as aggregator:
            trial.wait_part(0.2)
            self.be_gone(trial, aggregator, "postgres", ("postgres", "Postgre", "cannot connect", "connection"),
                         lambda: trial.servers.kill("postgres"))
            trial.wait_final()
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        trial.check()

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
    def test_a_full_disk(self):
        """Its tables lie on a small disk of their own."""
        disk = pathlib.Path(lab.lab().folder / "disk")
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "telemetra-faults", disk], check=True)
        self.addCleanup(disk.rmdir)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        home = disk / "tables"
        home.mkdir()
        shutil.chown(home, "postgres", "postgres")
        lab.lab().folder.chmod(0o755)
        lab.lab().servers.psql(f"CREATE TABLESPACE small LOCATION '{home}'")
        self.addCleanup(lab.lab().servers.psql, "DROP TABLESPACE small")
        trial = lab.lab().trial(self, place="TABLESPACE small")
        filler = disk / "filler"
        with trial.aggregator("a") as aggregator:
            trial.wait_part(0.2)
            fill(filler)
            trial.wait(lambda: "53100" in str(aggregator.troubles()) or "No space" in str(aggregator.troubles()) or
                       "space" in str(aggregator.troubles()), "health tells of the full disk", 30)
            told = aggregator.troubles()
            cores, _, _ = aggregator.watch(10 if FULL else 3)
            filler.unlink()
            recovery = self.recover(trial, aggregator)
            say(f"full disk: {cores:.3f} cores, next commit {recovery:.1f} s after there was room: {list(told.values())[0][:200]}")
            self.assertLess(recovery, RECOVERY_S)
            trial.wait_final()
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        trial.check()


def fill(path):
    """Writes until there is no room."""
    with path.open("wb", buffering=0) as out:
        try:
            while out.write(bytes(4096)):
                pass
        except OSError:
            return


if __name__ == "__main__":
    unittest.main()
