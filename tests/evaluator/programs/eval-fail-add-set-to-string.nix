"version " + { major = 1; }
