/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration file: a table with a row for each kind of mistake, and what good files give. */
#include "config_plugin/everything.h"
#include "plan.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The least file that runs, one line. A row's own text comes before it, so that its mistake is in line 1. */
#define CODEC "codec = { component = \"reader\" }; "
#define SINKS "sinks = ( { component = \"keeper\" } ); "
#define REST CODEC SINKS
#define SOURCES "sources = ( { component = \"tap\" } ); "
#define GOOD SOURCES REST
#define TAP(name) "{ component = \"tap\"; name = \"" name "\" }, "
#define TAPS4(name) TAP(name "1") TAP(name "2") TAP(name "3") TAP(name "4")

/* A source with one option. */
#define WITH(option) "sources = ( { component = \"everything\"; " option " } ); " REST

/** A file with one mistake, or with several that come from one. */
typedef struct row {
    const char *mistake; /**< its kind */
    const char *text;
    const char *sentences[4]; /**< all of them, in order, whole */
} row;

static const row rows[] = {
    /* syntax */
    {"missing value",
     "log = { level = ;\n} " GOOD,
     {"x.cfg:1: syntax error; expected 'key = value' with texts in quotes: look here and at the line before"}},
    {"word without quotes",
     "log = {\nlevel = info; }; " GOOD,
     {"x.cfg:2: syntax error; expected 'key = value' with texts in quotes: look here and at the line before"}},
    {"key given twice",
     "pipeline = {\n  lanes = 1;\n  lanes = 2;\n}; " GOOD,
     {"x.cfg:3: 'lanes' is given twice in one group; keep one of them"}},
    {"key given twice in a line of several keys",
     "log = { level = \"INFO\"; format = \"text\"; level = \"INFO\"; }; " GOOD,
     {"x.cfg:1: 'level' is given twice in one group; keep one of them"}},
    {"key given twice, and once in another group",
     "sources = ( { component = \"tap\"; name = \"a\" }, { component = \"tap\"; name = \"b\"; name = \"c\" } ); " REST,
     {"x.cfg:1: 'name' is given twice in one group; keep one of them"}},
    {"section given twice", GOOD SOURCES, {"x.cfg:1: 'sources' is given twice in one group; keep one of them"}},
    {"byte order mark",
     "\xef\xbb\xbf" GOOD,
     {"x.cfg:1: the file begins with a byte order mark (EF BB BF); save it as UTF-8 without one"}},
    {"array of several types",
     "sources = ( { component = \"everything\";\nnames = [ \"a\", 1 ]; } );" REST,
     {"x.cfg:2: an array [ ... ] holds values of one type; expected all texts, all numbers or all booleans"}},
    {"text not closed",
     "log = { level = \"INFO;\n}; ",
     {"x.cfg:1: the text that begins here is not closed; expected '\"'"}},
    {"comment not closed",
     GOOD "\n/* and so on\n",
     {"x.cfg:2: the comment that begins here is not closed; expected '*/'"}},
    {"include without a name",
     "@include that.cfg\n" GOOD,
     {"x.cfg:1: @include: expected a file name in quotes on the same line"}},
    {"include of no file",
     GOOD "\n@include \"none.cfg\"\n",
     {"x.cfg:2: @include: cannot read 'none.cfg': No such file or directory; names are relative to the folder of the "
      "file that is run"}},
    {"include of itself", "@include \"x.cfg\"\n", {"x.cfg:1: @include: files include each other more than 10 deep"}},
    {"mistake in an included file",
     "@include \"inner/lanes.cfg\"\n" GOOD,
     {"inner/lanes.cfg:2: pipeline.lanes: expected a whole number from 1 to 256, found 0"}},
    {"text not closed in an included file",
     "@include \"inner/open.cfg\"\n" GOOD,
     {"inner/open.cfg:1: the text that begins here is not closed; expected '\"'"}},
    /* sections */
    {"unknown section", "source = ( ); " GOOD, {"x.cfg:1: unknown section 'source'; did you mean 'sources'?"}},
    {"unknown section, nothing near", "colours = { }; " GOOD, {"x.cfg:1: unknown section 'colours'"}},
    {"group where the list of sinks belongs",
     SOURCES CODEC "sinks = { component = \"keeper\" }; frontends = ( { component = \"gate\" } );",
     {"x.cfg:1: sinks: expected a list of groups ( { component = \"...\" } ), found a group { ... }"}},
    {"group where a list belongs",
     "frontends = { component = \"door\" }; " GOOD,
     {"x.cfg:1: frontends: expected a list of groups ( { component = \"...\" } ), found a group { ... }"}},
    {"list where a group belongs",
     "pipeline = ( ); " GOOD,
     {"x.cfg:1: pipeline: expected a group { ... }, found a list ( ... )"}},
    {"text where a group belongs", "log = \"INFO\"; " GOOD, {"x.cfg:1: log: expected a group { ... }, found a text"}},
    {"text in a list of groups",
     "frontends = ( \"door\" ); " GOOD,
     {"x.cfg:1: frontends[1]: expected a group { component = \"...\" }, found a text"}},
    {"pipeline's name with illegal characters",
     "pipeline = {\nname = \"my\\n\\\"one\\\"\" }; " GOOD,
     {"x.cfg:2: pipeline.name: expected 1 to 64 letters, digits, '_', '-' or '.', found 'my?\"one\"'"}},
    {"address that is none",
     "listen = {\naddress = \"example.org\" }; " GOOD,
     {"x.cfg:2: listen.address: expected an IPv4 or IPv6 address or \"localhost\", found 'example.org'"}},
    {"address with a port",
     "listen = { address = \"127.0.0.1:80\" }; " GOOD,
     {"x.cfg:1: listen.address: expected an IPv4 or IPv6 address or \"localhost\", found '127.0.0.1:80'"}},
    /* components */
    {"no component",
     "frontends = ( { name = \"door\" } ); " GOOD,
     {"x.cfg:1: frontends[1]: 'component' is missing: expected the id of a frontend"}},
    {"component not a text",
     "frontends = ( { component = 5 } ); " GOOD,
     {"x.cfg:1: frontends[1].component: expected a text in quotes, found a whole number"}},
    {"unknown component",
     "frontends = ( { component = \"dor\" } ); " GOOD,
     {"x.cfg:1: frontends.dor: no plugin has a component 'dor'; did you mean 'door'?"}},
    {"component of another kind",
     "stores = ( { component = \"outlet\" } ); " GOOD,
     {"x.cfg:1: stores.outlet: expected a component that offers telemetra.store/1, found one that offers "
      "telemetra.sink/1"}},
    {"component of another kind, offering more",
     "processors = ( { component = \"keeper\" } ); " GOOD,
     {"x.cfg:1: processors.keeper: expected a component that offers telemetra.processor/1, found one that offers "
      "telemetra.sink/1, telemetra.checkpoint/1, telemetra.store/1"}},
    {"name taken",
     "frontends = ( { component = \"door\" },\n { component = \"gate\"; name = \"door\" } ); " GOOD,
     {"x.cfg:2: frontends.gate: expected a name of its own, found 'door', which x.cfg:1 has; give one of them another "
      "'name'"}},
    {"name with illegal characters",
     "frontends = ( { component = \"door\"; name = \"my door\" } ); " GOOD,
     {"x.cfg:1: frontends.door.name: expected 1 to 64 letters, digits, '_', '-' or '.', found 'my door'"}},
    {"unknown key", WITH("cuont = 4;"), {"x.cfg:1: sources.everything: unknown key 'cuont'; did you mean 'count'?"}},
    {"unknown key of a named instance",
     WITH("name = \"mine\"; titel = \"x\";"),
     {"x.cfg:1: sources.mine: unknown key 'titel'; did you mean 'title'?"}},
    {"unknown key in a group of the host",
     "listen = { prot = 80; }; " GOOD,
     {"x.cfg:1: listen: unknown key 'prot'; did you mean 'port'?"}},
    {"key of a sink in a source",
     WITH("delivery = \"required\";"),
     {"x.cfg:1: sources.everything: unknown key 'delivery'"}},
    {"required options missing",
     "sources = (\n { component = \"strict\" } ); " REST,
     {"x.cfg:2: sources.strict: 'path' is missing: expected a text in quotes",
      "x.cfg:2: sources.strict: 'hosts' is missing: expected a list of texts"}},
    {"required options empty",
     "sources = ( { component = \"strict\"; path = \"\"; hosts = \" , \"; } ); " REST,
     {"x.cfg:1: sources.strict.path: expected a text in quotes, found an empty text",
      "x.cfg:1: sources.strict.hosts: expected a list of at least one text, found an empty one"}},
    /* values */
    {"whole number out of bounds",
     WITH("count = 11;"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found 11"}},
    {"text that is no whole number",
     WITH("count = \"four\";"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found 'four'"}},
    {"number with a point for a whole one",
     WITH("count = 4.0;"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found a number with a point"}},
    {"boolean for a number",
     WITH("count = true;"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found true or false"}},
    {"group for a number",
     WITH("count = { };"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found a group { ... }"}},
    {"number that libconfig wraps",
     WITH("big = 5000000000;"),
     {"x.cfg:1: sources.everything.big: expected a whole number, found 5000000000, which does not fit into 32 bits; "
      "write it with an L at its end, or in quotes"}},
    {"negative number that libconfig wraps",
     WITH("big =\n -2147483649;"),
     {"x.cfg:1: sources.everything.big: expected a whole number, found -2147483649, which does not fit into 32 bits; "
      "write it with an L at its end, or in quotes"}},
    {"hexadecimal number that libconfig wraps",
     WITH("big = 0xFFFFFFFF;"),
     {"x.cfg:1: sources.everything.big: expected a whole number, found 0xFFFFFFFF, which does not fit into 32 bits; "
      "write it with an L at its end, or in quotes"}},
    {"number beyond 64 bits",
     WITH("big = 9223372036854775808L;"),
     {"x.cfg:1: sources.everything.big: expected a whole number, found 9223372036854775808L, which does not fit into "
      "64 "
      "bits"}},
    {"number in quotes beyond 64 bits",
     WITH("big = \"9223372036854775808\";"),
     {"x.cfg:1: sources.everything.big: expected a whole number, found 9223372036854775808"}},
    {"boolean that is none",
     WITH("flag = \"maybe\";"),
     {"x.cfg:1: sources.everything.flag: expected true or false, found 'maybe'"}},
    {"number for a boolean",
     WITH("flag = 1;"),
     {"x.cfg:1: sources.everything.flag: expected true or false, found a whole number"}},
    {"real out of bounds",
     WITH("ratio = 1.5;"),
     {"x.cfg:1: sources.everything.ratio: expected a number from 0 to 1, found 1.5"}},
    {"real that is not finite",
     WITH("ratio = 1e999;"),
     {"x.cfg:1: sources.everything.ratio: expected a number from 0 to 1, found 'inf'"}},
    {"number for a text",
     WITH("title = 5;"),
     {"x.cfg:1: sources.everything.title: expected a text in quotes of at most 80 bytes, found a whole number; put the "
      "value in quotes"}},
    {"duration without a known unit",
     WITH("pause = \"5 minutes\";"),
     {"x.cfg:1: sources.everything.pause: expected a duration such as \"500ms\", \"10s\" or \"2h\" from 10ms to 2h, "
      "found "
      "'5 minutes'"}},
    {"duration out of bounds",
     WITH("pause = \"3h\";"),
     {"x.cfg:1: sources.everything.pause: expected a duration such as \"500ms\", \"10s\" or \"2h\" from 10ms to 2h, "
      "found "
      "'3h'"}},
    {"duration finer than a millisecond",
     WITH("pause = 0.0205;"),
     {"x.cfg:1: sources.everything.pause: expected a duration such as \"500ms\", \"10s\" or \"2h\" from 10ms to 2h, "
      "found "
      "0.0205"}},
    {"size out of bounds",
     WITH("room = 1023;"),
     {"x.cfg:1: sources.everything.room: expected a size such as \"64KiB\" or \"2GiB\" of at least 1KiB, found 1023"}},
    {"size without a known unit",
     WITH("room = \"64kb\";"),
     {"x.cfg:1: sources.everything.room: expected a size such as \"64KiB\" or \"2GiB\" of at least 1KiB, found "
      "'64kb'; did you mean '64KiB'?"}},
    {"size in megabytes",
     WITH("room = \"1.5 MB\";"),
     {"x.cfg:1: sources.everything.room: expected a size such as \"64KiB\" or \"2GiB\" of at least 1KiB, found "
      "'1.5 MB'; did you mean '1.5MiB'?"}},
    {"size with a unit of something else",
     WITH("room = \"64Tb\";"),
     {"x.cfg:1: sources.everything.room: expected a size such as \"64KiB\" or \"2GiB\" of at least 1KiB, found "
      "'64Tb'"}},
    {"duration with a long unit",
     WITH("pause = \"5min\";"),
     {"x.cfg:1: sources.everything.pause: expected a duration such as \"500ms\", \"10s\" or \"2h\" from 10ms to 2h, "
      "found '5min'"}},
    {"unknown choice",
     WITH("colour = \"gren\";"),
     {"x.cfg:1: sources.everything.colour: expected one of \"red\", \"green\", \"blue\", found 'gren'; did you mean "
      "'green'?"}},
    {"unknown log level",
     "log = { level = \"verbose\" }; " GOOD,
     {"x.cfg:1: log.level: expected one of \"DEBUG\", \"INFO\", \"WARNING\", \"ERROR\", found 'verbose'"}},
    {"list with something else in it",
     WITH("names = ( \"a\",\n 2 );"),
     {"x.cfg:2: sources.everything.names: expected a list of texts of at most 3 items, found a whole number"}},
    {"list too long",
     WITH("names = \"a,b,c,d\";"),
     {"x.cfg:1: sources.everything.names: expected a list of texts of at most 3 items, found 4 items"}},
    {"group of free keys that is none",
     WITH("free_keys = \"sesame\";"),
     {"x.cfg:1: sources.everything.free_keys: expected a group of keys with texts, numbers or bools of at most 4 keys, "
      "found ***"}},
    {"too many free keys",
     WITH("free_keys = { a = 1; b = 2; c = 3; d = 4; e = 5; };"),
     {"x.cfg:1: sources.everything.free_keys: expected a group of keys with texts, numbers or bools of at most 4 keys, "
      "found 5 keys"}},
    {"free keys of other types",
     WITH("free_keys = { a = [ 1 ];\nb = { c = 1; };\nd = 1; };"),
     {"x.cfg:1: sources.everything.free_keys.a: expected a text, number or bool, found an array [ ... ]",
      "x.cfg:2: sources.everything.free_keys.b: expected a text, number or bool, found a group { ... }"}},
    {"free key with a number that libconfig wraps",
     WITH("free_keys = { pin = 5000000000; };"),
     {"x.cfg:1: sources.everything.free_keys.pin: expected a number, found ***, which does not fit into 32 bits; write "
      "it with an L at its end, or in quotes"}},
    {"time that is none",
     WITH("since = \"yesterday\";"),
     {"x.cfg:1: sources.everything.since: expected a time such as \"2026-01-31T12:00:00Z\", found 'yesterday'"}},
    /* references */
    {"variable not set",
     WITH("title = \"${TLM_TEST_NONE}\";"),
     {"x.cfg:1: sources.everything.title: the environment variable TLM_TEST_NONE is not set; set it or write "
      "${TLM_TEST_NONE:-default}"}},
    {"variable of the wrong type",
     WITH("count = \"${TLM_TEST_WORD}\";"),
     {"x.cfg:1: sources.everything.count: expected a whole number from 1 to 10, found 'word'"}},
    {"variable not set in a list",
     WITH("names = [ \"${TLM_TEST_NONE}\" ];"),
     {"x.cfg:1: sources.everything.names: the environment variable TLM_TEST_NONE is not set; set it or write "
      "${TLM_TEST_NONE:-default}"}},
    {"variable not set in a free key",
     WITH("free_keys = { a_b = \"${TLM_TEST_NONE}\"; };"),
     {"x.cfg:1: sources.everything.free_keys.a_b: the environment variable TLM_TEST_NONE is not set; set it or write "
      "${TLM_TEST_NONE:-default}"}},
    {"variable not set in a component's name",
     "frontends = ( { component = \"${TLM_TEST_NONE}\" } ); " GOOD,
     {"x.cfg:1: frontends[1].component: the environment variable TLM_TEST_NONE is not set; set it or write "
      "${TLM_TEST_NONE:-default}"}},
    {"reference not closed",
     WITH("title = \"${TLM\";"),
     {"x.cfg:1: sources.everything.title: '${' without its '}'; write $${ for a literal ${"}},
    {"reference that is none",
     WITH("title = \"${a b}\";"),
     {"x.cfg:1: sources.everything.title: expected ${NAME}, ${NAME:-default} or ${file:PATH}, found '${a b}'; write "
      "$${ "
      "for a literal ${"}},
    {"reference to no file",
     WITH("title = \"${file:inner/none}\";"),
     {"x.cfg:1: sources.everything.title: ${file:inner/none}: cannot read the file: No such file or directory"}},
    {"reference to a folder",
     WITH("title = \"${file:inner}\";"),
     {"x.cfg:1: sources.everything.title: ${file:inner}: cannot read the file: Is a directory"}},
    {"reference to a large file",
     WITH("title = \"${file:inner/large}\";"),
     {"x.cfg:1: sources.everything.title: ${file:inner/large}: the file is larger than 64 KiB"}},
    {"reference to a binary file",
     WITH("title = \"${file:inner/zero}\";"),
     {"x.cfg:1: sources.everything.title: ${file:inner/zero}: the file holds a zero byte, so it is no text"}},
    /* what goes together */
    {"nothing to run",
     "log = { };",
     {"x.cfg:1: expected at least one source or frontend, found neither: there is nothing to run"}},
    {"more sources than a pipeline can have",
     "sources = ( " TAPS4("a") TAPS4("b") TAPS4("c") TAPS4("d") "{ component = \"tap\" } ); " REST,
     {"x.cfg:1: sources.tap: expected at most 16 in a file, found one more"}},
    {"a partitioned log with lanes",
     "pipeline = { lanes = 4; }; sources = ( { component = \"divided\" } ); " REST,
     {"x.cfg:1: sources.divided: expected no pipeline.lanes in the file, found 4; each partition of its log is a "
      "lane"}},
    {"a source beside a partitioned log",
     "sources = ( { component = \"divided\" },\n { component = \"tap\" } ); " REST,
     {"x.cfg:2: sources.tap: expected no other source beside 'divided' (x.cfg:1), whose log has partitions of its own; "
      "use "
      "a pipeline for each"}},
    {"two partitioned logs",
     "sources = ( { component = \"divided\" },\n { component = \"divided\"; name = \"b\" } ); " REST,
     {"x.cfg:2: sources.b: expected no other source beside 'divided' (x.cfg:1), whose log has partitions of its own; "
      "use "
      "a pipeline for each"}},
    {"sources without a codec",
     "\n" SOURCES SINKS,
     {"x.cfg:2: codec: expected a group { component = \"...\" }, found none; sources need a codec"}},
    {"sources without a sink",
     "\n" SOURCES CODEC,
     {"x.cfg:2: sinks: expected one that offers telemetra.checkpoint/1, found none; sources need a checkpoint"}},
    {"sources without a checkpoint",
     SOURCES CODEC "\nsinks = ( { component = \"outlet\" } );",
     {"x.cfg:2: sinks: expected one that offers telemetra.checkpoint/1, found none; sources need a checkpoint"}},
    {"two that could be the checkpoint",
     SOURCES CODEC "sinks = ( { component = \"keeper\"; name = \"a\" }, { component = \"keeper\"; name = \"b\" } );",
     {"x.cfg:1: sinks: expected one checkpoint, found none; write delivery = \"checkpoint\" in 'a'"}},
    {"two checkpoints",
     SOURCES CODEC "sinks = ( { component = \"keeper\"; name = \"a\"; delivery = \"checkpoint\" },\n"
                   "{ component = \"keeper\"; name = \"b\"; delivery = \"checkpoint\" } );",
     {"x.cfg:2: sinks.b.delivery: expected one checkpoint in the file, found a second one after 'a' (x.cfg:1); write "
      "delivery = \"required\" in one of them"}},
    {"checkpoint that cannot be one",
     SOURCES CODEC "sinks = ( { component = \"outlet\"; delivery = \"checkpoint\" } );",
     {"x.cfg:1: sinks.outlet.delivery: 'checkpoint' needs a component that offers telemetra.checkpoint/1, found one "
      "that "
      "offers telemetra.sink/1"}},
    {"checkpoint that is no sink beside another",
     SOURCES CODEC "sinks = ( { component = \"keeper\"; delivery = \"checkpoint\" }, { component = \"ledger\" } );",
     {"x.cfg:1: sinks.ledger: expected a component that offers telemetra.sink/1, found one that is a checkpoint only, "
      "and "
      "there is another checkpoint"}},
    {"unknown delivery",
     SOURCES CODEC "sinks = ( { component = \"keeper\"; delivery = \"require\" } );",
     {"x.cfg:1: sinks.keeper.delivery: expected one of \"checkpoint\", \"required\", \"best_effort\", found 'require'; "
      "did "
      "you mean 'required'?"}},
    {"one dataset of two processors",
     GOOD "processors = ( { component = \"counter\"; name = \"a\" },\n{ component = \"counter\"; name = \"b\" } );",
     {"x.cfg:2: processors.b: expected datasets of its own, found 'tallies', which 'a' (x.cfg:1) emits too"}},
    {"one side column of two processors",
     GOOD "processors = ( { component = \"painter\"; name = \"a\" },\n{ component = \"painter\"; name = \"b\" } );",
     {"x.cfg:2: processors.b: expected side columns of its own, found 'mood', which 'a' (x.cfg:1) writes too"}},
    {"side column read before it is written",
     GOOD "processors = ( { component = \"looker\" },\n{ component = \"painter\" } );",
     {"x.cfg:2: processors.painter: expected it before 'looker' (x.cfg:1), which reads the side column 'mood' that it "
      "writes"}},
    {"rows that no processor emits",
     GOOD "processors = ( { component = \"follower\" } );",
     {"x.cfg:1: processors.follower: expected a processor before it that emits the dataset 'tallies', found none"}},
    {"rows read before they are emitted",
     GOOD "processors = ( { component = \"follower\" },\n{ component = \"counter\" } );",
     {"x.cfg:1: processors.follower: expected it after 'counter' (x.cfg:2), which emits the dataset 'tallies' that it "
      "reads"}},
    {"pages that nobody serves",
     GOOD "frontends = ( { component = \"poster\" } );",
     {"x.cfg:1: frontends.poster: expected a frontend beside it that takes the path \"/\", found none; it has "
      "pages only"}},
    {"one path prefix of two frontends",
     GOOD "frontends = ( { component = \"gate\"; name = \"a\" },\n{ component = \"gate\"; name = \"b\" } );",
     {"x.cfg:2: frontends.b: expected path prefixes of its own, found '/gate/', which 'a' (x.cfg:1) serves too",
      "x.cfg:2: frontends.b: expected path prefixes of its own, found '/', which 'a' (x.cfg:1) serves too"}},
    {"store that is not configured",
     GOOD "frontends = (\n{ component = \"gate\";\nstore = \"keper\" } );",
     {"x.cfg:3: frontends.gate.store: expected the name of a store of this file, found 'keper'; did you mean "
      "'keeper'?"}},
    {"store that is none",
     GOOD "frontends = ( { component = \"gate\"; store = \"tap\" } );",
     {"x.cfg:1: frontends.gate.store: expected the name of a store of this file, found 'tap', which offers no "
      "telemetra.store/1"}},
    {"frontend of a store without any",
     SOURCES CODEC "sinks = ( { component = \"ledger\" } );\nfrontends = ( { component = \"gate\" } );",
     {"x.cfg:2: frontends.gate: expected a store in this file, found none; add a sink or an entry of 'stores' that "
      "offers telemetra.store/1"}},
    {"store that is refused itself",
     "sinks = ( { component = \"ledger\" }, { component = \"keper\" } ); " SOURCES CODEC
     "frontends = ( { component = \"gate\"; store = \"keper\" } );",
     {"x.cfg:1: sinks.keper: no plugin has a component 'keper'; did you mean 'keeper'?"}},
    {"store that asks itself",
     GOOD "stores = ( { component = \"mirror\"; store = \"mirror\" } );",
     {"x.cfg:1: stores.mirror.store: expected the name of another store, found its own"}},
    {"stores that ask each other",
     GOOD
     "stores = ( { component = \"mirror\"; name = \"a\"; store = \"b\" },\n{ component = \"mirror\"; name = \"b\"; "
     "store = \"a\" } );",
     {"x.cfg:1: a: expected stores behind it that come to an end, found that 'b' asks 'a' again; name another one in "
      "`store`",
      "x.cfg:2: b: expected stores behind it that come to an end, found that 'a' asks 'b' again; name another one in "
      "`store`"}},
    /* secrets */
    {"secret too long",
     WITH("password = \"hunter2-hunter2\";"),
     {"x.cfg:1: sources.everything.password: expected a text in quotes of at most 12 bytes, found ***"}},
    {"secret that is no number",
     WITH("pin = \"hunter2\";"),
     {"x.cfg:1: sources.everything.pin: expected a whole number from 0 to 9999, found ***"}},
    {"secret number that libconfig wraps",
     WITH("pin = 5000000000;"),
     {"x.cfg:1: sources.everything.pin: expected a whole number from 0 to 9999, found ***, which does not fit into 32 "
      "bits; write it with an L at its end, or in quotes"}},
    {"secret choice, misspelled",
     WITH("secret_colour = \"gren\";"),
     {"x.cfg:1: sources.everything.secret_colour: expected one of \"red\", \"green\", \"blue\", found ***"}},
    {"secret from the environment, too long",
     WITH("password = \"${TLM_TEST_SECRET}\";"),
     {"x.cfg:1: sources.everything.password: expected a text in quotes of at most 12 bytes, found ***"}},
};

/* --- frame ------------------------------------------------------------------------------------------------------- */

/** A folder that tests run in, and the plugins. */
typedef struct frame {
    char folder[64];
    tlm_registry *registry;
} frame;

static void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static int load_text(frame *in, const char *text, tlm_plan **ret_plan, tlm_problems *problems)
{
    write_text("x.cfg", text);
    return tlm_plan_load("x.cfg", in->registry, NULL, ret_plan, problems);
}

static tlm_plan *load_good(frame *in, const char *text)
{
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    int result = load_text(in, text, &plan, &problems);
    if (result != 0)
        fail_msg("refused: %s", problems.count > 0 ? problems.sentences[0] : "(no sentence)");
    tlm_problems_finish(&problems);
    return plan;
}

static const everything *everything_of(const tlm_plan *plan)
{
    assert_string_equal(plan->instances[0].component->id, "everything");
    return plan->instances[0].config;
}

static void write_inner_files(void)
{
    static char large[64 * 1024 + 1];
    memset(large, 'x', sizeof large);
    assert_int_equal(mkdir("inner", 0700), 0);
    write_text("inner/lanes.cfg", "pipeline = {\n  lanes = 0;\n};\n");
    write_text("inner/open.cfg", "log = { level = \"INFO };\n");
    write_text("inner/secret", "swordfish\n");
    write_text("inner/lines", "one\ntwo\n\n");
    write_text("inner/crlf", "one\r\n");
    write_text("inner/cr", "one\r");
    write_text("inner/syntax", "\"; count = 11; title = \"${TLM_TEST_WORD}");
    write_file("inner/large", large, sizeof large);
    write_file("inner/zero", "a\0b", 3);
}

static int set_up(void **state)
{
    static const char *const folders[] = {CONFIG_PLUGINS};
    frame *in = calloc(1, sizeof *in);
    if (!in)
        return -1;
    (void)snprintf(in->folder, sizeof in->folder, "/tmp/telemetra-config-XXXXXX");
    if (!mkdtemp(in->folder) || chdir(in->folder) < 0 || tlm_registry_create(folders, 1, &in->registry) < 0)
        return -1;
    write_inner_files();
    if (setenv("TLM_TEST_WORD", "word", 1) < 0 || setenv("TLM_TEST_EMPTY", "", 1) < 0 ||
        setenv("TLM_TEST_SEVEN", "7", 1) < 0 || setenv("TLM_TEST_SECRET", "hunter2-hunter2", 1) < 0 ||
        unsetenv("TLM_TEST_NONE") < 0)
        return -1;
    *state = in;
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    frame *in = *state;
    tlm_registry_destroy(in->registry);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", in->folder);
    int result = chdir("/") < 0 ? -1 : system(command);
    free(in);
    return result;
}

/* --- mistakes ---------------------------------------------------------------------------------------------------- */

static void check_row(frame *in, const row *at)
{
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    int result = load_text(in, at->text, &plan, &problems);
    if (result != -EINVAL)
        fail_msg("%s: expected -EINVAL, found %d", at->mistake, result);
    assert_null(plan);
    size_t expected = 0;
    while (expected < TLM_COUNT(at->sentences) && at->sentences[expected])
        expected++;
    for (size_t i = 0; i < problems.count || i < expected; i++) {
        const char *found = i < problems.count ? problems.sentences[i] : "(nothing)";
        const char *wanted = i < expected ? at->sentences[i] : "(nothing)";
        if (strcmp(found, wanted) != 0)
            fail_msg("%s:\n  expected: %s\n  found:    %s", at->mistake, wanted, found);
        int is_secret = strncmp(at->mistake, "secret", strlen("secret")) == 0;
        if (is_secret && (strstr(found, "hunter2") || strstr(found, "5000000000") || strstr(found, "gren")))
            fail_msg("%s: a secret is shown: %s", at->mistake, found);
    }
    tlm_problems_finish(&problems);
}

static void each_kind_of_mistake_is_told_with_line_expectation_and_suggestion(void **state)
{
    for (size_t i = 0; i < TLM_COUNT(rows); i++)
        check_row(*state, &rows[i]);
}

static void all_mistakes_of_a_file_are_told_at_once(void **state)
{
    static const char *const expected[] = {
        "x.cfg:8: unknown section 'sinkz'; did you mean 'sinks'?",
        "x.cfg:1: pipeline.lanes: expected a whole number from 1 to 256, found 300",
        "x.cfg:1: pipeline: unknown key 'name_'; did you mean 'name'?",
        "x.cfg:2: log.level: expected one of \"DEBUG\", \"INFO\", \"WARNING\", \"ERROR\", found 'LOUD'",
        ("x.cfg:5: sources.everything.big: expected a whole number, found 5000000000, which does not fit into 32 bits; "
         "write it with an L at its end, or in quotes"),
        ("x.cfg:6: sources.everything.title: the environment variable TLM_TEST_NONE is not set; set it or write "
         "${TLM_TEST_NONE:-default}"),
        "x.cfg:7: sources.tapp: no plugin has a component 'tapp'; did you mean 'tap'?",
        "x.cfg:3: codec: expected a group { component = \"...\" }, found none; sources need a codec",
        "x.cfg:3: sinks: expected one that offers telemetra.checkpoint/1, found none; sources need a checkpoint",
    };
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    int result = load_text(*state,
                           "pipeline = { lanes = 300; name_ = \"x\" };\n"
                           "log = { level = \"LOUD\" };\n"
                           "sources = (\n"
                           "  { component = \"everything\";\n"
                           "    big = 5000000000;\n"
                           "    title = \"${TLM_TEST_NONE}\"; },\n"
                           "  { component = \"tapp\" } );\n"
                           "sinkz = ( );\n",
                           &plan, &problems);
    assert_int_equal(result, -EINVAL);
    assert_int_equal(problems.count, TLM_COUNT(expected));
    for (size_t i = 0; i < problems.count; i++)
        assert_string_equal(problems.sentences[i], expected[i]);
    tlm_problems_finish(&problems);
}

static void more_mistakes_than_can_be_told_are_counted(void **state)
{
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    FILE *file = fopen("x.cfg", "w");
    assert_non_null(file);
    for (int i = 0; i < TLM_PROBLEMS_MAX + 5; i++)
        assert_true(fprintf(file, "what%d = 1;\n", i) > 0);
    assert_true(fputs(GOOD, file) >= 0);
    assert_int_equal(fclose(file), 0);
    frame *in = *state;
    assert_int_equal(tlm_plan_load("x.cfg", in->registry, NULL, &plan, &problems), -EINVAL);
    assert_int_equal(problems.count, TLM_PROBLEMS_MAX);
    assert_int_equal(problems.lost, 5);
    tlm_problems_finish(&problems);
}

static void a_file_that_cannot_be_read_is_told_with_its_reason(void **state)
{
    frame *in = *state;
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    assert_int_equal(tlm_plan_load("none.cfg", in->registry, NULL, &plan, &problems), -ENOENT);
    assert_int_equal(tlm_plan_load("inner", in->registry, NULL, &plan, &problems), -EISDIR);
    assert_int_equal(problems.count, 2);
    assert_string_equal(problems.sentences[0], "none.cfg: cannot read the file: No such file or directory");
    assert_string_equal(problems.sentences[1], "inner: cannot read the file: Is a directory");
    tlm_problems_finish(&problems);
}

static void a_file_beyond_its_bound_is_refused(void **state)
{
    frame *in = *state;
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    assert_int_equal(tlm_plan_load("/dev/zero", in->registry, NULL, &plan, &problems), -EFBIG);
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.sentences[0], "/dev/zero: cannot read the file: File too large");
    tlm_problems_finish(&problems);
}

/* --- good files -------------------------------------------------------------------------------------------------- */

static void defaults_fill_what_the_file_leaves_out(void **state)
{
    tlm_plan *plan = load_good(*state, WITH(""));
    const everything *config = everything_of(plan);
    assert_int_equal(config->flag, 0);
    assert_int_equal(config->count, 5);
    assert_true(config->ratio > 0.49 && config->ratio < 0.51);
    assert_null(config->title);
    assert_int_equal(config->pause_ms, 90000);
    assert_int_equal(config->room_bytes, 65536);
    assert_int_equal(config->colour, 2);
    assert_int_equal(config->names.count, 0);
    assert_int_equal(config->free_keys.count, 0);
    assert_true(config->since_ns == INT64_MIN);
    assert_string_equal(config->password, "changeme");
    tlm_plan_destroy(plan);
}

static void the_hosts_groups_have_their_defaults(void **state)
{
    tlm_plan *plan = load_good(*state, GOOD);
    const tlm_pipeline_options *pipeline = &plan->pipeline;
    assert_string_equal(pipeline->name, "telemetra");
    assert_int_equal(pipeline->lanes, 1);
    assert_int_equal(pipeline->allowed_lateness, 10000);
    assert_int_equal(pipeline->idle_timeout, 5000);
    assert_int_equal(pipeline->max_future, 300000);
    assert_int_equal(pipeline->at_idle, TLM_AT_IDLE_CLOCK);
    assert_int_equal(pipeline->flush_interval, 1000);
    assert_int_equal(pipeline->early_interval, 500);
    assert_int_equal(pipeline->stall_timeout, 30000);
    assert_int_equal(pipeline->stop_timeout, 5000);
    assert_int_equal(pipeline->batch_records, 512);
    assert_int_equal(pipeline->queue_batches, 4);
    assert_int_equal(pipeline->queue_bytes, 64 << 20);
    assert_int_equal(pipeline->flush_rows, 20000);
    assert_int_equal(pipeline->flush_bytes, 32 << 20);
    assert_int_equal(pipeline->max_streams, 200000);
    assert_string_equal(plan->listen.address, "127.0.0.1");
    assert_int_equal(plan->listen.port, 8000);
    assert_int_equal(plan->listen.head_timeout, 10000);
    assert_int_equal(plan->listen.max_pending, 1024);
    assert_int_equal(plan->log.level, TLM_LOG_INFO);
    assert_int_equal(plan->log.format, 1);
    tlm_plan_destroy(plan);
}

static void values_of_every_type_are_read(void **state)
{
    tlm_plan *plan =
        load_good(*state, WITH("flag = true; count = 10; big = 5000000000L; ratio = 0.25; title = \"a\" \"b\"; "
                               "pause = 1.5; room = \"2GiB\"; colour = \"BLUE\"; names = [ \" a \", \"\", \"b,c\" ]; "
                               "since = \"2026-01-31T12:00:00Z\"; password = \"secret\"; pin = 1234;"));
    const everything *config = everything_of(plan);
    assert_int_equal(config->flag, 1);
    assert_int_equal(config->count, 10);
    assert_int_equal(config->big, INT64_C(5000000000));
    assert_true(config->ratio > 0.24 && config->ratio < 0.26);
    assert_string_equal(config->title, "ab");
    assert_int_equal(config->pause_ms, 1500);
    assert_int_equal(config->room_bytes, INT64_C(2) << 30);
    assert_int_equal(config->colour, 3);
    assert_int_equal(config->names.count, 2);
    assert_string_equal(config->names.items[0], "a");
    assert_string_equal(config->names.items[1], "b,c");
    assert_int_equal(config->since_ns, INT64_C(1769860800) * 1000000000);
    assert_string_equal(config->password, "secret");
    assert_int_equal(config->pin, 1234);
    tlm_plan_destroy(plan);
}

static void free_keys_are_kept_as_texts_in_their_order(void **state)
{
    static const char *const names[] = {"z_y", "flag", "count", "ratio"};
    static const char *const values[] = {"7 is it", "true", "-3", "0.1"};
    tlm_plan *plan = load_good(
        *state, WITH("free_keys = { z_y = \"${TLM_TEST_SEVEN} is it\"; flag = true; count = -3; ratio = 0.1; };"));
    const tlm_text_map *map = &everything_of(plan)->free_keys;
    assert_int_equal(map->count, 4);
    for (uint32_t i = 0; i < map->count; i++) {
        assert_string_equal(map->names[i], names[i]);
        assert_string_equal(map->values[i], values[i]);
    }
    tlm_plan_destroy(plan);
}

static void every_typed_value_may_be_a_text(void **state)
{
    tlm_plan *plan =
        load_good(*state, WITH("flag = \"yes\"; count = \"${TLM_TEST_SEVEN}\"; big = \"-9223372036854775808\"; "
                               "ratio = \"1e-1\"; pause = \"0.1\"; room = \"2048\"; names = \" a, ,b ,\"; "
                               "pin = \"42\";"));
    const everything *config = everything_of(plan);
    assert_int_equal(config->flag, 1);
    assert_int_equal(config->count, 7);
    assert_true(config->big == INT64_MIN);
    assert_true(config->ratio > 0.09 && config->ratio < 0.11);
    assert_int_equal(config->pause_ms, 100);
    assert_int_equal(config->room_bytes, 2048);
    assert_int_equal(config->names.count, 2);
    assert_string_equal(config->names.items[0], "a");
    assert_string_equal(config->names.items[1], "b");
    assert_int_equal(config->pin, 42);
    tlm_plan_destroy(plan);
}

/** What a title expands to. */
static void assert_title(frame *in, const char *title, const char *expected)
{
    char text[1024];
    (void)snprintf(text, sizeof text, WITH("title = \"%s\";"), title);
    tlm_plan *plan = load_good(in, text);
    assert_string_equal(everything_of(plan)->title, expected);
    tlm_plan_destroy(plan);
}

static void references_are_expanded_and_never_become_syntax(void **state)
{
    assert_title(*state, "a ${TLM_TEST_WORD} b", "a word b");
    assert_title(*state, "${TLM_TEST_WORD}${TLM_TEST_WORD}", "wordword");
    assert_title(*state, "${TLM_TEST_NONE:-else}", "else");
    assert_title(*state, "${TLM_TEST_NONE:-}", "");
    assert_title(*state, "${TLM_TEST_EMPTY:-else}", "else");
    assert_title(*state, "${TLM_TEST_EMPTY}", "");
    assert_title(*state, "${TLM_TEST_NONE:-a:-b$c}", "a:-b$c");
    assert_title(*state, "$${TLM_TEST_WORD}", "${TLM_TEST_WORD}");
    assert_title(*state, "5$ $$ $", "5$ $$ $");
    assert_title(*state, "${file:inner/secret}", "swordfish");
    assert_title(*state, "${file:inner/lines}", "one\ntwo\n");
    assert_title(*state, "${file:inner/crlf}", "one");
    assert_title(*state, "${file:inner/cr}", "one\r");
    assert_title(*state, "${file:inner/syntax}", "\"; count = 11; title = \"${TLM_TEST_WORD}");
}

static void an_included_file_is_found_beside_the_one_that_is_run(void **state)
{
    frame *in = *state;
    tlm_plan *plan = NULL;
    tlm_problems problems = {0};
    write_text("inner/good.cfg", "@include \"listen.cfg\"\n" GOOD);
    write_text("inner/listen.cfg", "listen = { port = 0x50; };\n");
    assert_int_equal(tlm_plan_load("inner/good.cfg", in->registry, NULL, &plan, &problems), 0);
    assert_int_equal(plan->listen.port, 80);
    tlm_plan_destroy(plan);
    write_text("inner/listen.cfg", "listen = {\n port = 70000;\n address = 5000000000; };\n");
    assert_int_equal(tlm_plan_load("inner/good.cfg", in->registry, NULL, &plan, &problems), -EINVAL);
    assert_int_equal(problems.count, 2);
    assert_string_equal(problems.sentences[0],
                        "inner/listen.cfg:2: listen.port: expected a whole number from 0 to 65535, found 70000");
    assert_string_equal(problems.sentences[1],
                        "inner/listen.cfg:3: listen.address: expected a text in quotes from 1 to 255 "
                        "bytes, found a whole number; put the value in quotes");
    tlm_problems_finish(&problems);
}

static void comments_and_texts_hide_what_looks_like_a_mistake(void **state)
{
    tlm_plan *plan = load_good(*state, "# 5000000000 \" /*\n// \"\n/* @include \"none\" \" 5000000000\n*/ " WITH(
                                           "title = \"5000000000 /* // # \\\" \";"));
    assert_string_equal(everything_of(plan)->title, "5000000000 /* // # \" ");
    tlm_plan_destroy(plan);
}

static void instances_stand_in_the_order_of_the_sections(void **state)
{
    static const char *const names[] = {"tap", "reader", "counter", "keeper", "shelf", "door"};
    tlm_plan *plan = load_good(*state, "frontends = ( { component = \"door\" } );\n"
                                       "stores = ( { component = \"keeper\"; name = \"shelf\" } );\n"
                                       "processors = ( { component = \"counter\" } );\n" GOOD);
    assert_int_equal(plan->instance_count, TLM_COUNT(names));
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        assert_string_equal(plan->instances[i].name, names[i]);
        assert_int_equal(plan->instances[i].section, i + 1);
        assert_string_equal(plan->instances[i].file, "x.cfg");
    }
    assert_int_equal(plan->instances[2].line, 3);
    tlm_plan_destroy(plan);
}

static void a_store_needs_none_behind_it(void **state)
{
    tlm_plan *plan = load_good(*state, "stores = ( { component = \"mirror\" } );\n"
                                       "frontends = ( { component = \"gate\" } );");
    assert_int_equal(plan->instance_count, 2);
    tlm_plan_destroy(plan);
    plan = load_good(*state, "stores = ( { component = \"mirror\" }, { component = \"keeper\" } );\n"
                             "frontends = ( { component = \"gate\"; store = \"mirror\" } );");
    assert_int_equal(plan->instance_count, 3);
    tlm_plan_destroy(plan);
}

static void the_only_sink_that_can_be_the_checkpoint_is_it(void **state)
{
    tlm_plan *plan =
        load_good(*state, SOURCES CODEC "sinks = ( { component = \"outlet\" }, { component = \"keeper\" }, "
                                        "{ component = \"outlet\"; name = \"o\"; delivery = \"best_effort\" } );");
    assert_int_equal(plan->instances[2].delivery, TLM_DELIVERY_REQUIRED);
    assert_int_equal(plan->instances[3].delivery, TLM_DELIVERY_CHECKPOINT);
    assert_int_equal(plan->instances[4].delivery, TLM_DELIVERY_BEST_EFFORT);
    tlm_plan_destroy(plan);
}

static void a_sink_that_says_checkpoint_leaves_the_others_required(void **state)
{
    tlm_plan *plan = load_good(*state, SOURCES CODEC "sinks = ( { component = \"keeper\"; name = \"a\" }, "
                                                     "{ component = \"keeper\"; delivery = \"checkpoint\" } );");
    assert_int_equal(plan->instances[2].delivery, TLM_DELIVERY_REQUIRED);
    assert_int_equal(plan->instances[3].delivery, TLM_DELIVERY_CHECKPOINT);
    tlm_plan_destroy(plan);
}

static void a_frontend_alone_is_enough(void **state)
{
    tlm_plan *plan = load_good(*state, "frontends = ( { component = \"door\" } );");
    assert_int_equal(plan->instance_count, 1);
    tlm_plan_destroy(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_mistake_is_told_with_line_expectation_and_suggestion),
        cmocka_unit_test(all_mistakes_of_a_file_are_told_at_once),
        cmocka_unit_test(more_mistakes_than_can_be_told_are_counted),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told_with_its_reason),
        cmocka_unit_test(a_file_beyond_its_bound_is_refused),
        cmocka_unit_test(defaults_fill_what_the_file_leaves_out),
        cmocka_unit_test(the_hosts_groups_have_their_defaults),
        cmocka_unit_test(values_of_every_type_are_read),
        cmocka_unit_test(free_keys_are_kept_as_texts_in_their_order),
        cmocka_unit_test(every_typed_value_may_be_a_text),
        cmocka_unit_test(references_are_expanded_and_never_become_syntax),
        cmocka_unit_test(an_included_file_is_found_beside_the_one_that_is_run),
        cmocka_unit_test(comments_and_texts_hide_what_looks_like_a_mistake),
        cmocka_unit_test(instances_stand_in_the_order_of_the_sections),
        cmocka_unit_test(a_store_needs_none_behind_it),
        cmocka_unit_test(the_only_sink_that_can_be_the_checkpoint_is_it),
        cmocka_unit_test(a_sink_that_says_checkpoint_leaves_the_others_required),
        cmocka_unit_test(a_frontend_alone_is_enough),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
