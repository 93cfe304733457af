# An input is a tree of any kind; this one is an expression.
name: "Hello, ${name}!"
