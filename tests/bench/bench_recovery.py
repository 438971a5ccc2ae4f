"""How soon an aggregator that was killed is where it was.

    infra/bench recovery [--runs N] [--streams N] [--rate N] [--warm SECONDS] [--pin]

A writer keeps 50,000 events a second of 100,000 streams flowing into 8 partitions, all of them about equally busy. Once
windows are full (75 s) the aggregator (conf/aggregator.cfg, a static member of its group) is killed with SIGKILL and
started again at once. Timed from the moment when the new process shows its lanes as assigned (telemetra_kafka_assigned_lanes, looked
at twenty times a second):

    taken      all lanes are taken in the checkpoint (epoch, in telemetra_lanes)
    recovered  in every lane what lay before `next` was read again and a flush with new events of this process is committed
               (consumed in the lane's record is above what the killed process had committed): asked is less than 10 s
    caught up  less than two seconds of events wait in Kafka (telemetra_kafka_lag_chat)

The servers and the writer are on the first core, the aggregator may use all (--pin: the last one only).
"""

import argparse
import subprocess
import time

import drain_lab
import harness

LANES = ("SELECT lane, epoch, replace(record, E'\\n', ';') FROM telemetra_lanes WHERE record <> '' ORDER BY lane")


def lanes_of(environment):
    """{lane: (epoch, consumed)} of the checkpoint."""
    result = {}
    for line in drain_lab.psql_quick(environment, LANES, environment["POSTGRES_DB"]).splitlines():
        lane, epoch, record = line.split("|", 2)
        result[int(lane)] = int(epoch), harness.accounting_of(["\n".join(filter(None, record.split(";")))])[0]["consumed"]
    return result


class Trial:
    def __init__(self, lab, options):
        self.lab, self.options = lab, options

    def start(self, environment, name):
        text = drain_lab.aggregator_text()
        return drain_lab.Aggregator(self.lab, environment, text, self.lab.folder / f"{name}.log", pinned=self.options.pin)

    def is_flowing(self, aggregator):
        return aggregator.metric("telemetra_kafka_assigned_lanes") == self.lab.partitions

    def run(self):
        lab, options = self.lab, self.options
        lab.make_topics()
        environment = lab.fresh("recovery") | {"KAFKA_GROUP_INSTANCE_ID": "recovery-1"}
        first = self.start(environment, "first")
        first.wait(lambda: self.is_flowing(first))
        rate = options.rate * 10 / 11
        seconds = options.warm + 60
        writer = subprocess.Popen(["taskset", "-c", str(lab.server_core), *lab.loader(
            chat=int(rate * seconds), viewer=int(rate * seconds / 10), rate=rate, live=1, streams=options.streams, skew=0)],
            stdout=subprocess.DEVNULL)
        try:
            first.wait(lambda: (lab.kept(environment) or {}).get("consumed", 0) >= options.rate * options.warm, options.warm * 4)
            lag = first.metric("telemetra_kafka_lag_chat")
            first.process.kill()
            first.process.wait()
            before = lanes_of(environment)
            result = self.recover(environment, before)
        finally:
            writer.kill()
            writer.wait()
        result["lag at the kill"] = lag
        result["from"] = drain_lab.psql_quick(environment, "SELECT record FROM telemetra_lanes WHERE lane = 0",
                                              environment["POSTGRES_DB"])
        lab.drop(environment)
        return result

    def recover(self, environment, before):
        lab, options = self.lab, self.options
        again = self.start(environment, "again")
        try:
            again.wait(lambda: self.is_flowing(again), pause=0.05)
            cpu = again.cpu()
            begin = time.monotonic()
            result = {"assigned": begin - again.begin}

            def is_taken():
                lanes = lanes_of(environment)
                return len(lanes) == lab.partitions and all(lanes[i][0] > before[i][0] for i in before)

            def is_recovered():
                lanes = lanes_of(environment)
                return is_taken() and all(lanes[i][1] > before[i][1] for i in before)

            again.wait(is_taken, pause=0.05)
            result["taken"] = time.monotonic() - begin
            again.wait(is_recovered, pause=0.05)
            result["recovered"] = time.monotonic() - begin
            result["recovered cpu"] = again.cpu() - cpu
            again.wait(lambda: again.metric("telemetra_kafka_lag_chat") < 2 * options.rate, 120)
            result["caught up"] = time.monotonic() - begin
            result["memory"] = again.memory()
        finally:
            again.stop()
        return result


def main():
    parser = argparse.ArgumentParser(prog="infra/bench recovery", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=50_000, help="events a second, chat and viewer together")
    parser.add_argument("--warm", type=int, default=75, help="seconds of events that are committed before the kill")
    parser.add_argument("--pin", action="store_true", help="the aggregator on the last core only")
    options = parser.parse_args()
    with drain_lab.Lab(options.build, 8) as lab:
        print(f"servers and writer on core {lab.server_core}, aggregator on {f'core {lab.core}' if options.pin else 'all cores'}; "
              f"{options.streams} streams, {options.rate} events/s; {drain_lab.versions(lab)}")
        for _ in range(options.runs):
            result = Trial(lab, options).run()
            print(f"assigned {result['assigned']:.1f} s after the start; from then on: lanes taken {result['taken']:.1f} s, "
                  f"recovered {result['recovered']:.1f} s ({result['recovered cpu']:.1f} CPU s), caught up "
                  f"{result['caught up']:.1f} s; {result['memory']:.0f} MiB; lag at the kill {result['lag at the kill']:.0f}",
                  flush=True)


main()
