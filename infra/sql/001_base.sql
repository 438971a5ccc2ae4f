-- The tables that Telemetra keeps for itself. The postgres plugin carries this file and applies it in its schema, in the
-- order of the numbers, each once (telemetra_schema says which). Tables of datasets are made from their column tables.

CREATE TABLE telemetra_schema (
    version integer PRIMARY KEY,
    file text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE telemetra_schema IS 'Files of infra/sql that were applied here.';

-- What the columns of each dataset are, for processes without the plugin that emits it.
CREATE TABLE telemetra_datasets (
    id text COLLATE "C" PRIMARY KEY,
    mode integer NOT NULL,
    doc text NOT NULL
);
CREATE TABLE telemetra_columns (
    dataset text COLLATE "C" NOT NULL REFERENCES telemetra_datasets (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    type integer NOT NULL,
    scale integer NOT NULL,
    flags integer NOT NULL,
    unit text,
    doc text NOT NULL,
    PRIMARY KEY (dataset, position)
);

CREATE TABLE telemetra_pipelines (
    pipeline text COLLATE "C" PRIMARY KEY,
    settings text NOT NULL
);

-- One row a lane. Every take adds one to epoch; a commit changes the row only where epoch and sequence are those it
-- expects, so that of two owners at most one writes. Updated at every flush: room for that in the page (HOT).
CREATE TABLE telemetra_lanes (
    pipeline text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    record text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, lane)
) WITH (fillfactor = 50);
COMMENT ON TABLE telemetra_lanes IS 'Owner, number of the last flush, positions, watermark and accounting of each lane.';

CREATE TABLE telemetra_state (
    pipeline text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    component text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (pipeline, lane, component, key)
) WITH (fillfactor = 80);
COMMENT ON TABLE telemetra_state IS 'Small values that processors keep from one run to the next.';

-- Rows that the database would not take for what they hold, with its reason: never lost, never in the way of others.
CREATE TABLE telemetra_rejects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rejected_at timestamptz NOT NULL DEFAULT now(),
    pipeline text NOT NULL,
    lane integer NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    dataset text NOT NULL,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    content text NOT NULL
);
COMMENT ON COLUMN telemetra_rejects.content IS 'The row as JSON: times as RFC 3339, bytes as base64. A text, as functions of json refuse \u0000.';
