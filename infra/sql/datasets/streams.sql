-- Run after the table of the dataset "streams" was made or checked: the API lists live streams first, then by viewers.
DO $$
BEGIN
    IF (SELECT count(*) FROM telemetra_columns
        WHERE dataset = 'streams' AND name IN ('stream_id', 'is_live', 'viewer_count')) = 3 THEN
        CREATE INDEX IF NOT EXISTS streams_by_viewers
            ON streams (is_live DESC, viewer_count DESC NULLS LAST, stream_id);
    END IF;
END
$$;
