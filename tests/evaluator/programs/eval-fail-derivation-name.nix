(derivation { name = "with space"; builder = "b"; system = "s"; }).drvPath
