# Textes des deltas, des listes de ce qui est là et de la comparaison de deux versions.

BR-1200 = { $path } est un delta : de { $release }, il ne contient que ce que { $bases } n’avait pas.
    .why = Ici, chaque élément est nécessaire, pour que rien ne dépende de ce que le disque de ce serveur contient encore.
    .fix = Utilisez le fichier entier de { $release } (.run ou .bundle). Un delta est fait pour un serveur qui a sa base : bridle release add FICHIER
BR-1201 = { $release } ne peut pas être complétée : { $count } { $count ->
        [one] élément ({ $megabytes } Mo) n’est ni dans le delta ni dans le dépôt.
       *[other] éléments ({ $megabytes } Mo) ne sont ni dans le delta ni dans le dépôt.
    }
    .why = Le delta omet ce que { $bases } avait apporté, et ce serveur ne l’a pas. Rien n’a été modifié.
    .fix = Apportez plutôt le fichier entier de { $release }, ou d’abord le fichier entier de { $bases } puis de nouveau le delta : bridle release add FICHIER. Pour un delta adapté à ce serveur, donnez sa liste à l’éditeur : bridle release have --output have.json
BR-1202 = { $count } { $count ->
        [one] élément ({ $megabytes } Mo) du dépôt sur lequel s’appuie le delta de { $release } est endommagé.
       *[other] éléments ({ $megabytes } Mo) du dépôt sur lesquels s’appuie le delta de { $release } sont endommagés.
    }
    .why = Le disque les a altérés après leur vérification. Un delta ne les apporte pas de nouveau. Rien n’a été modifié.
    .fix = Lancez : bridle store repair --from FICHIER, avec le fichier entier de { $bases }, puis relancez la même commande. Ou apportez le fichier entier de { $release } : il les répare aussi.
BR-1203 = Le dépôt ne contient aucune version complète à énumérer.
    .why = La liste dit ce que ce serveur a de sa plateforme, pour que l’éditeur puisse l’omettre.
    .fix = Voyez ce qui est là avec : bridle release list. Trouvez ce qui manque avec : bridle store check

have-written = { $path } : { $parts } { $parts ->
        [one] élément
       *[other] éléments
    } de { $releases }. Donnez-le à l’éditeur : il ne contient aucun secret.

diff-head = { $old } → { $new }
diff-same = Les deux sont la même version ({ $digest }).
diff-kubernetes = Kubernetes { $old } → { $new }
diff-kubernetes-same = Kubernetes { $version }, le même
diff-programs = Programmes
diff-images = Images
diff-charts = Charts
diff-values = Valeurs
diff-new = nouveau
diff-gone = disparu
diff-changed = modifié
diff-unchanged = { $count } { $count ->
        [one] identique
       *[other] identiques
    } ({ $size })
diff-unset = (non défini)
diff-moved = De l’une à l’autre, { $blobs } { $blobs ->
        [one] élément est transféré
       *[other] éléments sont transférés
    } : { $size } sur { $of }.

help-bridle-release-have = Ce que ce serveur a déjà, dans un petit fichier pour l’éditeur
    .more = Avec lui, bridle-bundle build --have FICHIER produit le plus petit delta. Il nomme les versions et les éléments de la plateforme, aucun secret et rien de ses données.
    .examples =
        bridle release have --output have.json
        bridle release have | ssh publisher 'cat > have.json'
    .output = L’écrire dans ce fichier
help-bridle-release-diff = En quoi deux versions du dépôt diffèrent, et ce qu’une mise à niveau transfère
    .examples =
        bridle release diff campus-1.0.0 campus-1.1.0
        bridle release diff campus-1.0.0 campus-1.1.0 --json # pour les programmes
    .old = L’ancienne version, comme bridle release list la nomme
    .new = La nouvelle version
