# Words of the preflight: findings with `.why` and `.fix` (lines to type follow by themselves), safe cures, mistakes in the site file.

check-architecture = Les processeurs sont { $found }, la version est faite pour { $wanted }.
    .why = Ses programmes ne peuvent pas tourner ici.
    .fix = Demandez à l’éditeur le fichier pour { $found }.
check-root = L’installateur n’a pas les droits d’administration.
    .why = Des programmes et des services du serveur sont modifiés, et certains contrôles ne peuvent pas être faits sans eux.
    .fix = Relancez-le avec sudo devant.
check-systemd-absent = systemd ne tourne pas sur ce serveur.
    .why = Les services de Bridle sont démarrés par systemd.
    .fix = Utilisez un système pris en charge : Debian 12 ou 13, Ubuntu 22.04 ou 24.04.
check-systemd-old = systemd { $found } est trop ancien, il faut { $wanted }.
    .why = Les plus anciens n’ont pas les réglages qui protègent les services.
    .fix = Passez à Debian 12, Ubuntu 22.04 ou plus récent.
check-os = Le système { $found } { $version } n’a pas été testé.
    .why = Il peut convenir ; l’éditeur teste Debian 12 et 13, Ubuntu 22.04 et 24.04.
    .fix = Utilisez si possible un système testé.
check-cgroup-v1 = Le serveur utilise les anciens groupes de contrôle (v1).
    .why = Kubernetes les abandonne ; les limites de mémoire y sont moins sûres.
    .fix = Retirez systemd.unified_cgroup_hierarchy=0 de la ligne de commande du noyau et redémarrez, ou mettez kubernetes.allow_cgroup_v1 = true dans le fichier du site.
check-cgroup-v1-allowed = Le serveur utilise les anciens groupes de contrôle (v1), comme le fichier du site le permet.
    .why = Kubernetes les abandonne.
    .fix = Prévoyez le passage à la version 2.
check-cgroup-none = Le serveur n’a pas de groupes de contrôle.
    .why = Sans eux, Kubernetes ne démarre aucun programme.
    .fix = Démarrez le serveur avec le noyau habituel du système et systemd.
check-controller = Il manque « { $controller } » aux groupes de contrôle.
    .why = Sans lui, Kubernetes ne peut pas limiter les programmes et ne démarre pas.
    .fix = Retirez cgroup_disable={ $controller } de la ligne de commande du noyau, ou ajoutez cgroup_enable={ $controller }, puis redémarrez.
check-selinux = SELinux est en mode strict.
    .why = Ce n’est pas encore pris en charge : l’accès aux volumes pourrait être refusé.
    .fix = Passez en mode permissif, et mettez SELINUX=permissive dans /etc/selinux/config pour le prochain démarrage.
check-memory = Le serveur a { $found } Mio de mémoire, il en faut { $wanted }.
    .why = Des programmes seraient arrêtés faute de mémoire.
    .fix = Donnez plus de mémoire au serveur.
check-cpus = Le serveur a { $found } { $found ->
        [one] processeur
       *[other] processeurs
    }, il en faut { $wanted }.
    .why = La plateforme serait trop lente à démarrer.
    .fix = Donnez plus de processeurs au serveur.
check-swap = Le serveur a { $found } Mio d’espace d’échange (swap).
    .why = Kubernetes peut tourner avec, mais sa base de données répond tard quand sa mémoire est sur le disque.
    .fix = Désactivez-le si la mémoire suffit, aussi dans /etc/fstab.
check-name-invalid = Le nom du serveur, « { $name } », ne peut pas être celui d’un nœud Kubernetes.
    .why = Seuls sont permis des minuscules, des chiffres, des traits d’union et des points, 63 au plus (RFC 1123).
    .fix = Choisissez un autre nom.
check-name-localhost = Le serveur s’appelle « localhost ».
    .why = Ce nom désigne n’importe quel serveur ; les certificats et le cluster ont besoin d’un nom propre.
    .fix = Choisissez un nom qui lui soit propre.
check-name-unstable = Le serveur s’appelle « { $name } » maintenant, mais « { $stored } » après le prochain démarrage.
    .why = Kubernetes le prendrait pour un autre serveur, et la plateforme ne reviendrait pas.
    .fix = Gardez un seul nom.

check-clock-past = L’horloge indique { $time } ; aucune version n’a été construite avant { $earliest }.
    .why = Les certificats créés maintenant ne seraient pas valables, et les sauvegardes seraient mal classées.
    .fix = Mettez l’horloge à l’heure, et vérifiez la pile de l’horloge du serveur.
check-clock-behind = L’horloge indique { $time }, mais le système a des fichiers du { $newest }.
    .why = L’horloge semble avoir reculé ; les certificats ne seraient plus valables une fois l’heure juste.
    .fix = Vérifiez l’horloge et son serveur de temps.
check-clock-future = L’horloge indique { $time }.
    .why = C’est plus de vingt ans après ce programme ; les certificats créés maintenant ne seraient plus valables une fois l’heure juste.
    .fix = Vérifiez l’horloge et son serveur de temps.

check-foreign = Un autre Kubernetes ou moteur de conteneurs est présent, { $engine } : { $path }
    .why = Les deux voudraient les mêmes ports, règles de réseau et groupes de contrôle.
    .fix = Utilisez un autre serveur, ou retirez-le. Arrêtez-le d’abord, puis retirez son paquet ; gardez ou supprimez ses données vous-même.
check-foreign-data = Un ancien { $engine } a laissé des données : { $path }
    .why = Elles ne gênent personne, mais prennent de la place.
    .fix = Supprimez-les vous-même si personne n’en a besoin.
check-drop-in = Le fichier { $path } remplace des réglages de Kubernetes dont dépendent les mises à niveau ({ $key }).
    .why = Tant qu’une mise à niveau n’est pas confirmée, le nouveau Kubernetes doit se comporter comme le précédent. Avec ce fichier il ne le ferait pas, et il n’y aurait pas de retour.
    .fix = Écrivez un + après le nom du réglage ({ $key }+), pour qu’il s’ajoute à la liste de Bridle, et n’y mettez pas emulated-version.
check-drop-in-unread = Le fichier { $path } ne peut pas être examiné : il est illisible, trop grand, ou il y en a trop de cette sorte.
    .why = Il remplace peut-être des réglages de Kubernetes dont dépendent les mises à niveau.
    .fix = Réunissez vos réglages pour k3s dans quelques petits fichiers.
check-command = Un fichier qui n’est pas de Bridle s’appelle déjà { $path }.
    .why = La commande { $name } devrait être à cette place, et rien de ce qui est à vous n’est remplacé.
    .fix = Cherchez à qui il est (dpkg -S le dit pour les paquets), puis retirez son paquet ou donnez-lui un autre nom.
check-command-kept = Un fichier qui n’est pas de Bridle s’appelle déjà { $path } ; il reste tel quel.
    .why = La version apporte son propre { $name }, qui n’est pas mis à cette place : le vôtre peut ne pas convenir au Kubernetes de cette plateforme.
    .fix = Pour cette plateforme, utilisez celui de /opt/bridle/current/bin (kubectl et ctr sont k3s kubectl et k3s ctr), ou donnez un autre nom au vôtre et refaites l’installation.

check-kernel = Il manque { $feature } au noyau.
    .why = Les programmes en conteneur, ou leur réseau, en ont besoin.
    .fix = Si le noyau a été mis à jour depuis le dernier démarrage, redémarrez. Sinon, installez le noyau habituel du système.
check-module-barred = Le module du noyau { $module } ne peut pas être chargé : { $file } l’interdit.
    .why = Les programmes en conteneur, ou leur réseau, en ont besoin.
    .fix = Retirez la ligne de ce fichier.
check-module-unloaded = Le module du noyau { $module } n’est pas encore chargé.
    .why = Il est chargé au démarrage de Kubernetes ; le charger maintenant montre qu’il fonctionne.
    .fix = Chargez-le maintenant et à chaque démarrage (l’installation avec --fix fait les deux).
check-parameter = Le paramètre du noyau { $parameter } vaut { $found }, { $wanted } ou plus est conseillé.
    .why = Chaque pod, journal et fichier surveillé en prend un ; quand il n’en reste plus, des programmes ne démarrent pas ou manquent des changements.
    .fix = Augmentez-le maintenant et pour chaque démarrage (l’installation avec --fix fait les deux).

check-read-only = Impossible d’écrire dans { $path } : { $mount } est monté en lecture seule.
    .why = Des parties de la plateforme y sont gardées.
    .fix = Regardez : dmesg (un disque endommagé passe en lecture seule). Puis rendez-le inscriptible.
check-noexec = Les programmes de { $path } ne peuvent pas être exécutés : { $mount } est monté avec noexec.
    .why = Les programmes de la plateforme y sont.
    .fix = Autorisez-le, aussi dans /etc/fstab.
check-in-memory = { $path } est en mémoire ({ $kind }).
    .why = Tout ce qui s’y trouve disparaît au redémarrage.
    .fix = Mettez-le sur un disque.
check-file-system = Le système de fichiers de { $path } est { $kind } ; il ne peut pas contenir les images et la base de données de Kubernetes.
    .why = Les couches des images sont superposées (overlayfs), ce qui demande un système de fichiers Linux local.
    .fix = Mettez-le sur ext4 ou xfs.
check-entry-kinds = Le système de fichiers de { $path } ({ $kind }) n’indique pas le genre des entrées de dossier.
    .why = Les couches des images sont superposées (overlayfs), ce qui le demande.
    .fix = Mettez-le sur ext4, ou sur xfs créé avec ftype=1. Voyez avec : xfs_info { $path }
check-attributes = Le système de fichiers de { $path } ({ $kind }) ne garde pas les attributs de fichiers propres au noyau.
    .why = Les couches des images sont superposées (overlayfs), ce qui les demande.
    .fix = Mettez-le sur ext4 ou xfs, sans l’option nouser_xattr.
check-durable = Ce qui est écrit et synchronisé dans { $path } ({ $kind }) ne peut pas être relu.
    .why = Après une coupure de courant, on ne pourrait rien en attendre.
    .fix = Regardez : dmesg, et l’état du disque. Mettez-le sur un autre.
check-sync-slow = Le disque de { $path } met { $p99 } ms pour sécuriser les écritures les plus lentes, { $median } ms pour la moitié ; { $advice } ms sont conseillées.
    .why = La base de données de Kubernetes attend chacune : rien ne serait prêt à temps.
    .fix = Utilisez un disque plus rapide (SSD), ou arrêtez ce qui occupe celui-ci. Regardez : iostat -x 1
check-sync = Le disque de { $path } met { $p99 } ms pour sécuriser les écritures les plus lentes, { $median } ms pour la moitié ; { $advice } ms sont conseillées.
    .why = La base de données de Kubernetes attend chacune : sous charge, elle répond tard.
    .fix = Utilisez si possible un disque plus rapide (SSD). Regardez : iostat -x 1

check-disk = Dans { $mount }, il y a { $found } Mio libres ; il en faut { $wanted } pour { $paths }.
    .why = L’installation remplirait le disque et s’arrêterait en chemin.
    .fix = Agrandissez-le, ou libérez de la place ; la commande du montre ce qui l’occupe.
check-inodes = Le système de fichiers de { $mount } ne peut plus recevoir que { $found } fichiers ; il en faut { $wanted } pour { $paths }.
    .why = Les programmes décompressés comptent beaucoup de petits fichiers.
    .fix = Supprimez des fichiers, ou utilisez un système de fichiers avec plus d’inodes ; la commande du montre où sont la plupart.

check-address = Le serveur n’a pas d’adresse joignable.
    .why = Les utilisateurs ne pourraient pas atteindre la plateforme.
    .fix = Configurez le réseau, puis recommencez.
check-address-foreign = Le fichier du site donne l’adresse { $address }, mais ce serveur a { $found }.
    .why = Kubernetes ne peut pas utiliser une adresse qui n’est pas la sienne.
    .fix = Corrigez l’adresse dans le fichier du site.
check-addresses-several = Le serveur a plusieurs adresses ; { $address } sera utilisée, pas { $others }.
    .why = L’adresse du serveur se change difficilement par la suite.
    .fix = Choisissez-en une dans le fichier du site, au-dessus de toutes ses tables.
check-default-route = Le serveur n’a pas de route par défaut.
    .why = Kubernetes trouve sa propre adresse par elle, même sans internet.
    .fix = Ajoutez-en une qui reste, dans les réglages du réseau.
check-mtu-small = Les paquets sur { $interface } ont au plus { $mtu } octets, il en faut { $wanted }.
    .why = Le réseau des pods en prend 50 à chacun ; les connexions se bloqueraient dès qu’elles portent des données.
    .fix = Augmentez cette taille, ici et sur les équipements entre les serveurs.
check-mtu-low = Les paquets sur { $interface } ont au plus { $mtu } octets au lieu de { $usual }.
    .why = Cela convient si tout le réseau est ainsi. Si c’est une erreur, les connexions se bloquent dès qu’elles portent des données.
    .fix = Demandez à l’administration du réseau. Si c’est une erreur, mettez la taille habituelle.
check-mtu-odd = Les paquets sur { $interface } ont jusqu’à { $mtu } octets au lieu de { $usual }, une taille inhabituelle.
    .why = Tout équipement du réseau doit accepter des paquets de cette taille, sinon les connexions se bloquent dès qu’elles portent des données.
    .fix = Demandez à l’administration du réseau. Si c’est une erreur, mettez la taille habituelle.
check-name-server-loopback = Le serveur ne demande les noms qu’à lui-même ({ $server }).
    .why = Les programmes en conteneur ne peuvent pas y demander. Ils se trouvent entre eux, mais aucun autre nom de votre réseau.
    .fix = Si les applications ont besoin de noms de votre réseau, donnez ses serveurs de noms dans le fichier du site.
check-firewall = Le pare-feu { $firewall } est actif.
    .why = Les utilisateurs n’atteindraient pas la plateforme, et ses programmes ne s’atteindraient pas entre eux.
    .fix = Ouvrez ce dont la plateforme a besoin.
check-range-size = { $kind ->
        [pods] La plage des pods
       *[services] La plage des services
    } « { $range } » n’est pas utilisable par Kubernetes.
    .why = Ce doit être un réseau IPv4 de { $least } à { $most } bits de préfixe, par exemple 10.42.0.0/16.
    .fix = Corrigez-la dans le fichier du site, ou adressez-vous à l’éditeur si c’est celle de la version.
check-range-each-other = Les plages des pods ({ $pods }) et des services ({ $services }) se recouvrent.
    .why = Personne ne pourrait dire à laquelle appartient une adresse. Les plages ne peuvent plus changer après l’installation.
    .fix = Choisissez des plages libres dans le fichier du site.
check-range-route = { $kind ->
        [pods] La plage des pods
       *[services] La plage des services
    } { $range } recouvre le réseau { $other } sur { $interface }.
    .why = Qui a une adresse dans les deux ne pourrait ni joindre la plateforme ni être joint. Les plages ne peuvent plus changer après l’installation.
    .fix = Choisissez des plages libres dans le fichier du site.
check-range-address = { $kind ->
        [pods] La plage des pods
       *[services] La plage des services
    } { $range } contient l’adresse du serveur lui-même, { $other }.
    .why = Le serveur ne serait plus joignable. Les plages ne peuvent plus changer après l’installation.
    .fix = Choisissez des plages libres dans le fichier du site.
check-range-name-server = { $kind ->
        [pods] La plage des pods
       *[services] La plage des services
    } { $range } contient le serveur de noms { $other }.
    .why = Le serveur ne pourrait plus l’interroger. Les plages ne peuvent plus changer après l’installation.
    .fix = Choisissez des plages libres dans le fichier du site.

check-port = Le port { $protocol } { $port } est occupé.
    .why = La plateforme en a besoin.
    .fix = Arrêtez le programme qui l’occupe, ou déplacez-le ; la commande ss montre lequel c’est.
check-port-owned = Le port { $protocol } { $port } est occupé par { $program } (processus { $pid }).
    .why = La plateforme en a besoin.
    .fix = Arrêtez ce programme, ou déplacez-le sur un autre port.
check-site-chart = Le fichier du site a des valeurs pour « { $chart } », qui ne fait pas partie de cette version.
    .why = Elles ne changent rien ; le nom est peut-être mal écrit. Les parties sont : { $known }
    .fix = Corrigez le nom, ou retirez les valeurs.

cure-load-module = charger le module du noyau { $module }, maintenant et à chaque démarrage
cure-set-parameter = mettre le paramètre du noyau { $parameter } à { $value }, maintenant et à chaque démarrage
preflight-cures = Ces points peuvent être corrigés tout de suite ; ce qui est modifié est noté, et la désinstallation le défait :
preflight-cures-none = Aucun des points ne peut être corrigé automatiquement.
preflight-cures-ask = Les corriger maintenant ?
preflight-cure-done = Fait : { $title }
preflight-again = Nouveau contrôle de ce serveur.
preflight-fix-hint = Ceux dont la correction est sans risque peuvent être corrigés avec : --fix

profile-field-unknown = Ligne { $line }, colonne { $column } : il n’y a pas de champ « { $field } ». Il y a : { $known }.
profile-field-missing = Il manque le champ « { $field } ».
profile-place = Ligne { $line }, colonne { $column } : ceci ne peut pas être lu.
profile-value = Ligne { $line }, colonne { $column } : « { $value } » ne convient pas pour { $field }. { $field ->
    [address] Il faut une adresse IP, par exemple 192.0.2.10.
    [host] Il faut des minuscules, des chiffres, - et . en commençant par une lettre ou un chiffre, par exemple campus.example.org.
   *[name] Il faut des minuscules, des chiffres et - en commençant par une lettre ou un chiffre.
}
profile-format = Son format est { $found }, ce programme lit le format { $known }.
profile-field-meant = Ligne { $line }, colonne { $column } : il n’y a pas de champ « { $field } ». Vouliez-vous dire « { $meant } » ?
profile-kind = Ligne { $line }, colonne { $column } : { $field } doit être { $wanted ->
        [number] un nombre entier
        [flag] true ou false
        [table] une table à part
        [network] un réseau IPv4 entre guillemets droits, par exemple "10.44.0.0/16"
        [texts] une liste de textes, par exemple ["192.0.2.53", "192.0.2.54"]
        [tables] une liste de tables, chacune sous un titre entre doubles crochets
        [moment] une date ou une heure, par exemple 2026-08-25 ou "22:00"
       *[text] un texte entre guillemets droits
    }.
profile-language = Ligne { $line }, colonne { $column } : « { $value } » ne convient pas pour language. Ce doit être "en" ou "fr".
profile-typed = « { $value } » ne convient pas pour { $field }.

BR-1015 = La correction a échoué : { $cure }
    .why = Le système l’a refusée ; voyez la cause ci-dessous. Ce qui a été modifié avant est noté.
    .fix = Corrigez le point à la main, puis relancez la même commande sans --fix.
BR-1016 = La liste de ce que le contrôle a modifié est endommagée : { $path }
    .why = Sans elle, personne ne sait ce qu’il faut défaire.
    .fix = Vérifiez le disque. Gardez une copie du fichier, retirez-le, et cherchez dans /etc/modules-load.d et /etc/sysctl.d les fichiers nommés bridle.
