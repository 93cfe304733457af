builtins.sort builtins.lessThan [ 1 "two" 3 ]
