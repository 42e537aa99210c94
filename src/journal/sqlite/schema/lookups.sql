-- What Desk said of Sendbird user ids: the customer, or NULL where it knows nobody by that id.
CREATE TABLE known_customer (
  base_url     TEXT NOT NULL,
  sendbird_id  TEXT NOT NULL,
  customer     INTEGER,
  looked_up_at INTEGER NOT NULL,
  PRIMARY KEY (base_url, sendbird_id)
) STRICT, WITHOUT ROWID;

-- Whether the rows that were left out are kept by the Sendbird user id, and not by the customer.
ALTER TABLE left_out ADD COLUMN by_name INTEGER NOT NULL DEFAULT 0;
