({ a ? throw "no value for ${b}", b ? "a" }: a) { }
