#!/bin/sh
# replica-set.sh - makes the MongoDB of docker-compose.yml a replica set of one,
# once, and waits until it takes writes.
set -e
exec mongosh --quiet --host mongo --username burung --password "$MONGO_PASSWORD" \
	--authenticationDatabase admin --eval '
	try {
		rs.status();
	} catch (error) {
		if (error.codeName !== "NotYetInitialized") throw error;
		rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
	}
	while (!db.hello().isWritablePrimary) sleep(200);
'
