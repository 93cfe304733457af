let build = { name, version }: name + version; in build { name = "n"; }
