# Textes du dépôt et de `bridle release` et `bridle store`.

BR-1023 = Le support a disparu après { $done } Mo sur { $total } Mo.
    .why = La clé ou le disque contenant le fichier de la version n’a plus pu être lu. Ce qui était complet est conservé.
    .fix = Rebranchez-le et relancez la même commande : elle reprend là où elle s’est arrêtée.
BR-1024 = La version s’est terminée après { $done } Mo sur { $total } Mo.
    .why = Le fichier a été tronqué, ou la connexion qui l’apportait s’est rompue. Ce qui était complet est conservé.
    .fix = Relancez la même commande avec le fichier entier : elle reprend là où elle s’est arrêtée.
BR-1025 = Une autre commande écrit dans le dépôt.
    .why = À deux, elles pourraient s’enlever mutuellement des éléments.
    .fix = Attendez qu’elle ait fini (bridle operation list montre les opérations), puis relancez la même commande.
BR-1026 = { $count } { $count ->
        [one] élément du dépôt est endommagé.
       *[other] éléments du dépôt sont endommagés.
    }
    .why = Le disque les a perdus ou altérés après leur vérification. Ce qui tourne peut continuer, mais un redémarrage peut échouer.
    .fix = Lancez : bridle store repair --from FICHIER, avec le fichier de la version. Vérifiez aussi le disque : dmesg montre ses erreurs.
BR-1027 = Rien n’a été supprimé : on ne peut pas savoir ce qui sert encore.
    .why = Ce qui l’empêche est nommé ci-dessus ; ce qui est supprimé par erreur ne revient pas tout seul.
    .fix = Corrigez cela d’abord (voir bridle status et bridle store check), puis relancez la même commande.
BR-1028 = La version { $release } est utilisée.
    .why = C’est la version installée, ou des programmes en cours ont été démarrés à partir d’elle. Sans elle, ils ne pourraient pas redémarrer.
    .fix = Passez d’abord à une autre version. Puis : bridle release remove { $release }
BR-1029 = Il n’y a pas de version { $release } dans le dépôt.
    .why = Seules les versions ajoutées ou installées ici sont connues.
    .fix = Voyez lesquelles existent avec : bridle release list
BR-1130 = La version { $release } est déjà dans le dépôt, avec un autre contenu.
    .why = Un éditeur ne donne jamais le même numéro à deux versions différentes ; l’une d’elles n’est pas ce qu’elle prétend.
    .fix = Demandez à l’éditeur laquelle est la bonne. Pour remplacer celle d’ici : bridle release remove { $release }, puis ajoutez le fichier.
BR-1131 = Aucune donnée n’est arrivée pendant { $seconds } secondes.
    .why = La connexion ou le support est à l’arrêt. Ce qui était complet est conservé.
    .fix = Vérifiez la connexion ou le support et relancez la même commande : elle reprend là où elle s’est arrêtée.
BR-1132 = Il n’y a plus de place pour d’autres fichiers dans { $path }.
    .why = Le système de fichiers contient autant de fichiers (inodes) qu’il peut, même s’il lui reste de l’espace.
    .fix = Voyez quels dossiers en contiennent le plus avec : du --inodes -xd3 { $path }. Supprimez ce qui est inutile et relancez la même commande.
BR-1133 = { $count } { $count ->
        [one] élément endommagé n’a pas pu être rétabli.
       *[other] éléments endommagés n’ont pas pu être rétablis.
    }
    .why = Ils appartiennent à une autre version que celle de ce fichier.
    .fix = bridle store check nomme la version de chacun. Relancez la réparation avec le fichier de cette version.
BR-1134 = La version est signée par une clé à laquelle ce serveur ne fait pas confiance ({ $key }).
    .why = Seuls les éditeurs à qui vous faites confiance peuvent apporter quelque chose sur ce serveur.
    .fix = Comparez la clé avec celle que l’éditeur vous a donnée par une autre voie. Si elle est juste, mettez le fichier .pub de l’éditeur dans /etc/bridle/trust et relancez la même commande.

collection-use-unknown = Kubernetes ne dit pas quelles images les programmes en cours utilisent.
collection-record-unreadable = La fiche de la version { $release } dans le dépôt est illisible.
operation-not-ended = L’opération { $operation } n’est pas terminée.

release-added-next = Voyez ce qu’elle changerait : bridle upgrade plan { $release }
release-added = La version { $release } est dans le dépôt : { $new } { $new ->
        [one] élément nouveau
       *[other] éléments nouveaux
    } ({ $size }), { $reused } { $reused ->
        [one] était déjà là.
       *[other] étaient déjà là.
    }
release-add-progress = Lecture : { $done } sur { $total }
release-add-progress-open = Lecture : { $done }
release-add-finish = Écriture sur le disque
release-remove-ask = Supprimer la version { $release } du dépôt ?
release-kept = Rien n’a été supprimé.
release-removed = La version { $release } a été supprimée ; { $size } sont de nouveau libres.
release-verified = La version { $release } est intacte : { $blobs } { $blobs ->
        [one] élément
       *[other] éléments
    }, { $size } lus.

store-part-record = fiche de la version

release-head = { $name } { $version } (numéro { $sequence })
release-head-architecture = Processeur
release-head-kubernetes = Kubernetes
release-head-added = Ajoutée
release-head-key = Signée par la clé
release-head-digest = Identité
release-head-programs = Programmes
release-head-charts = Charts
release-head-images = Images
release-head-from = Peut suivre

store-check-progress = Lecture : { $done } sur { $total }
store-whole = Le dépôt est intact : { $releases } { $releases ->
        [one] version
       *[other] versions
    }, { $blobs } { $blobs ->
        [one] élément
       *[other] éléments
    }, { $size } lus.
store-damage = { $release } : { $part } : { $damage } ({ $size })
store-damage-missing = manque
store-damage-altered = a été altéré
store-damage-unreadable = illisible sur le disque
store-damage-record = incompréhensible
store-repaired = { $count } { $count ->
        [0] élément à rétablir : rien de { $release } n’était endommagé.
        [one] élément de { $release } a été rétabli ({ $size }). Le dépôt est intact.
       *[other] éléments de { $release } ont été rétablis ({ $size }). Le dépôt est intact.
    }
store-collected = { $blobs } { $blobs ->
        [one] élément
       *[other] éléments
    } et { $parts } { $parts ->
        [one] morceau
       *[other] morceaux
    } dont rien n’a besoin ont été supprimés : { $size } sont de nouveau libres.
store-would-collect = { $blobs } { $blobs ->
        [one] élément
       *[other] éléments
    } et { $parts } { $parts ->
        [one] morceau
       *[other] morceaux
    } seraient supprimés : { $size } seraient de nouveau libres.
store-collect-recent = { $count } { $count ->
        [one] est gardé un jour après une copie interrompue, pour qu’elle puisse reprendre.
       *[other] sont gardés un jour après une copie interrompue, pour qu’elle puisse reprendre.
    }
store-collect-in-use = { $count } { $count ->
        [one] est gardé parce qu’un programme en cours l’utilise.
       *[other] sont gardés parce que des programmes en cours les utilisent.
    }
store-unknown = N’appartient pas au dépôt, laissé en place : { $path }
store-space-release = Version
store-space-own = À elle seule
store-space-shared-with = Partagé avec d’autres
store-space-missing = Manquants
store-space-shared = Partagé par plusieurs versions
store-space-unreferenced = D’aucune version
store-space-partial = Morceaux de copies interrompues
store-space-records = Fiches et dossiers
store-space-unknown = Hors du dépôt
store-space-total = Ensemble
store-space-free = Libre sur ce disque

help-bridle-release-add = Apporter un fichier de version dans le dépôt
    .more =
        Sans FILE, on cherche sur les supports montés (sous /media, /run/media et /mnt) et dans le dossier
        /var/lib/bridle/incoming, jusqu’à deux dossiers de profondeur ; ce qui est trouvé est montré, avec ce qui peut
        servir, et on vous demande lequel ajouter. Le fichier est vérifié avant que quoi que ce soit ne compte. S’il
        s’interrompt, la même commande continue : ce que le dépôt a déjà n’est pas écrit à nouveau.
    .examples =
        bridle release add # depuis une clé montée
        bridle release add campus-1.1.0-amd64.bundle
        cat campus-1.1.0-amd64.bundle | ssh host bridle release add - # par une connexion
    .file = Un fichier .bundle ou .run ; - pour l’entrée standard
    .from = Ne chercher que dans ce dossier
    .yes = Ne rien demander, si une seule nouvelle version est trouvée
help-bridle-release-remove = Retirer une version du dépôt, avec ce dont elle seule a besoin
    .more = Refusé tant qu’elle est installée ou que des programmes en cours l’utilisent. Demande d’abord ; --yes répond.
    .examples = bridle release remove campus-1.0.0
    .id = Quelle version, comme bridle release list la nomme
    .yes = Ne pas demander
help-bridle-release-inspect = Ce qu’est une version et ce qu’elle contient
    .examples = bridle release inspect campus-1.0.0
    .id = Quelle version, comme bridle release list la nomme
help-bridle-release-verify = Relire chaque élément d’une version et le comparer à ce que l’éditeur a signé
    .examples = bridle release verify campus-1.0.0
    .id = Quelle version, comme bridle release list la nomme
help-bridle-store = Le dépôt : ce dont les versions sont faites, chaque élément une seule fois
    .examples =
        bridle store check
        bridle store space
help-bridle-store-check = Relire chaque élément du dépôt : qu’en a fait le disque ?
    .more = Un dommage termine avec le code 6 et nomme la version et l’élément.
    .examples =
        bridle store check
        bridle store check --json # pour les programmes
help-bridle-store-repair = Rétablir les éléments endommagés ou manquants depuis un fichier de version
    .more = Chaque élément est remplacé d’un coup par un élément vérifié ; ensuite tout le dépôt est contrôlé.
    .examples = bridle store repair --from campus-1.0.0-amd64.bundle
    .from = Un fichier .bundle ou .run ; - pour l’entrée standard
help-bridle-store-gc = Supprimer ce dont aucune version, aucun programme en cours ni aucune copie interrompue n’a besoin
    .more = Rien n’est supprimé si on ne peut pas le savoir. Les fichiers étrangers au dépôt sont nommés et laissés en place.
    .examples =
        bridle store gc --dry-run # que serait-ce ?
        bridle store gc
    .dry-run = Dire seulement ce qui serait supprimé
help-bridle-store-space = Où est passé l’espace, par version ; les lignes font ensemble ce qui est sur le disque
    .examples = bridle store space
