# check-config.sh FRAGMENT CONFIG: every line of a fragment must be in a configuration.
#
# Kconfig drops without a word what it cannot satisfy.
missing=$(
  grep -E '^(CONFIG_|# CONFIG_.* is not set$)' "$1" | while read -r line; do
    case $line in
      '# CONFIG_'*)
        # An option that does not exist for this configuration is not set.
        name=${line#\# }
        ! grep -q "^${name%% *}=" "$2" || echo "$line"
        ;;
      *)
        grep -qxF -e "$line" "$2" || echo "$line"
        ;;
    esac
  done
)
if [ -n "$missing" ]; then
  echo "the configuration of the kernel lacks:" >&2
  echo "$missing" >&2
  exit 1
fi
