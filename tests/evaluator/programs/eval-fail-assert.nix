let version = "1.0"; in assert builtins.compareVersions version "2.0" >= 0; version
