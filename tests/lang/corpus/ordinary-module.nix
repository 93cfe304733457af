{ config, lib, pkgs, options, ... }:

with lib;

let
  cfg = config.services.harbour;
  format = pkgs.formats.toml { };
  settingsFile = format.generate "harbour.toml" (filterAttrsRecursive (_: v: v != null) cfg.settings);

  instanceOptions = { name, config, ... }: {
    options = {
      enable = mkEnableOption "this instance" // { default = true; };

      port = mkOption {
        type = types.port;
        default = 8080;
        example = 443;
        description = ''
          The port that instance `${name}` listens on.
          Ports below 1024 need `CAP_NET_BIND_SERVICE`.
        '';
      };

      extraGroups = mkOption {
        type = with types; listOf (either str (submodule { options.gid = mkOption { type = int; }; }));
        default = [ ];
      };

      timeout = mkOption { type = types.nullOr types.float; default = 2.5; };
      workers = mkOption { type = types.ints.between 1 64; default = 2 * 4 - 1; };
    };
    config.extraGroups = mkIf (config.port < 1024) [ "net" ];
  };
in
{
  imports = [
    (mkRenamedOptionModule [ "services" "port" ] [ "services" "harbour" "port" ])
    ../../common.nix
  ];

  options.services.harbour = {
    enable = mkEnableOption (mdDoc "harbour, a server for containers");
    package = mkPackageOption pkgs "harbour" { };
    instances = mkOption { type = types.attrsOf (types.submodule instanceOptions); default = { }; };
    settings = mkOption {
      inherit (format) type;
      default = { };
      example = literalExpression ''
        {
          log.level = "debug";
          storage."file.system".path = "/var/lib/harbour";
        }
      '';
    };
  };

  config = mkMerge [
    (mkIf cfg.enable {
      assertions = [
        {
          assertion = cfg.instances != { } && all (i: i.port > 0) (attrValues cfg.instances);
          message = "services.harbour needs an instance";
        }
      ];

      environment.systemPackages = [ cfg.package ];
      environment.etc."harbour/config.toml".source = settingsFile;

      users.users.harbour = {
        isSystemUser = true;
        group = "harbour";
        home = "/var/lib/harbour";
      };
      users.groups.harbour = { };

      systemd.services = mapAttrs' (name: instance: nameValuePair "harbour-${name}" {
        description = "Harbour instance ${name}";
        wantedBy = [ "multi-user.target" ];
        after = [ "network.target" ] ++ optional (cfg.settings ? database) "postgresql.service";
        environment.HARBOUR_CONFIG = "/etc/harbour/config.toml";
        restartTriggers = [ config.environment.etc."harbour/config.toml".source ];
        serviceConfig = {
          ExecStart = "${getExe cfg.package} serve --port ${toString instance.port} --config ${settingsFile}";
          ExecStartPre = map (dir: "+${pkgs.coreutils}/bin/install -d -o harbour ${dir}") cfg.settings.directories or [ ];
          User = "harbour";
          Restart = "on-failure";
          RestartSec = 5;
          PrivateTmp = true;
          ProtectSystem = "strict";
          SystemCallFilter = [ "@system-service" "~@privileged" ];
          MemoryMax = if instance.workers >= 8 then "4G" else "${toString (instance.workers * 512)}M";
        };
        script = ''
          set -euo pipefail
          ${concatMapStringsSep "\n" (group: "usermod -aG ${escapeShellArg group} harbour") instance.extraGroups}
          exec ${cfg.package}/bin/harbour \
            --workers ${toString instance.workers} \
            --name ''${NAME:-${name}} "$@"
        '';
      }) (filterAttrs (_: i: i.enable) cfg.instances);
    })

    (mkIf (cfg.enable && config.networking.firewall.enable or false) {
      networking.firewall.allowedTCPPorts = mapAttrsToList (_: i: i.port) cfg.instances;
    })
  ];

  meta = { doc = ./harbour.md; maintainers = with maintainers; [ hopper ]; };
}
