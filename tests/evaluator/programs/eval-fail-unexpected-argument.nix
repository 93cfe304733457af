let build = { name, version }: name + version; in build { name = "n"; version = "1"; vresion = "2"; }
