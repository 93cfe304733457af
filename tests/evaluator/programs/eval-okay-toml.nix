builtins.fromTOML ''
  title = "t"
  [owner]
  name = "n"
  ok = true
  [[items]]
  a = 1
  [[items]]
  a = 0x10
  f = 1.5
  l = [ [1, 2], ["a"] ]
''
