let
  name = "key";
  suffix = n: "${name}-${toString n}";
in
{
  ${name} = 1;
  "${name}2" = 2;
  ${suffix 3} = 3;
  ${if false then "never" else null} = throw "left out";
  nested.${name}.${suffix 4} = 4;
  has = [ ({ ${name} = 1; } ? ${name}) ({ a.b = 1; } ? a.${name}) ({ } ? "${name}") ];
  got = { key = { key-5 = 5; }; }.${name}.${suffix 5};
  or_ = { }.${name}.x or "default";
}
