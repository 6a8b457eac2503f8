mod conformance_store;
