# Mots des mises à jour, des retours en arrière et des changements de configuration.
step-restore-point = Conserver de quoi revenir en arrière
step-switch-agent = Passer la main à l’agent de { $release }
step-serve-images = { $count ->
        [0] Servir les images de { $release }
        [one] Servir les images de { $release } ; { $count } a changé sous son nom
       *[other] Servir les images de { $release } ; { $count } ont changé sous leur nom
    }
step-switch-kubernetes = Faire tourner Kubernetes { $version }
step-switch-kubernetes-emulated = Faire tourner Kubernetes { $version }, qui se comporte comme { $emulated } jusqu’à la confirmation
step-return-kubernetes = Faire tourner de nouveau Kubernetes { $version }
step-configuration = Mettre en place la révision { $revision } de la configuration
step-settle-programs = Démarrer désormais avec les programmes de { $release }
step-prune-releases = Retirer ce qui n’est plus utile ; restent : { $releases }
step-copy-data = Copier les données de { $count } { $count ->
        [one] source
       *[other] sources
    } dans le point de retour
step-soak = Tout surveiller : la santé doit tenir { $seconds } { $seconds ->
        [one] seconde
       *[other] secondes
    }
step-leftovers-gone = Retirer tout ce qui reste de { $count } { $count ->
        [one] partie
       *[other] parties
    } : { $charts }
operation-verifying = sous surveillance
BR-1180 = L’agent d’une autre version poursuit l’opération.
    .why = Une mise à jour apporte un nouvel agent, et c’est lui qui la termine.
    .fix = Il n’y a rien à faire. Suivez-la avec : bridle operation attach
operation-title-upgrade = Mise à jour vers { $release }
operation-title-rollback = Retour à { $release }
operation-title-configure = Changement de configuration de { $release }
operation-title-recreate = Renouvellement des applications de { $release }
BR-1181 = Le changement est en vigueur ; il ne peut plus être défait en cours de route.
    .why = Après la surveillance, le nouvel état a été confirmé, et ce qu’il faudrait pour revenir de la même façon n’est peut-être plus là.
    .fix = Laissez-le finir : bridle operation attach. Pour revenir à la version précédente, ensuite : bridle upgrade rollback
BR-1182 = { $to } ne peut pas remplacer { $from } directement.
    .why = L’éditeur dit quelles versions elle peut suivre : { $accepts }.
    .fix = Installez d’abord les versions intermédiaires, dans cet ordre : { $stops }. Demandez leurs fichiers à l’éditeur.
BR-1183 = Kubernetes ne peut pas passer de { $from } à { $to }.
    .why = Kubernetes monte d’une version mineure à la fois et ne redescend jamais ; ses données ne seraient pas comprises.
    .fix = Passez d’abord à une version de la plateforme avec la version mineure intermédiaire. Redescendre n’est possible qu’en restaurant une sauvegarde.
BR-1184 = Quelque chose a changé depuis que le plan a été montré : { $changed }.
    .why = Seul ce que vous avez vu et confirmé est fait.
    .fix = Regardez le nouveau plan avec : bridle upgrade plan. Lancez-le ensuite.
BR-1185 = Le plan a des constats bloquants.
    .why = La mise à jour échouerait à mi-chemin ou laisserait la plateforme en moins bon état.
    .fix = Corrigez les constats marqués comme bloquants, puis regardez de nouveau : bridle upgrade plan
BR-1186 = Aucune version n’est installée ici.
    .why = On ne peut changer que ce qui est installé.
    .fix = Installez d’abord une version : sudo ./NAME-VERSION.run install
BR-1187 = Il n’y a pas de version à laquelle revenir.
    .why = La version en service est la première ici, ou la précédente a été retirée.
    .fix = Voyez ce qu’il y a avec : bridle release list
BR-1188 = { $release } est déjà en service.
    .why = Rien ne changerait.
    .fix = Voyez ce qu’il y a d’autre avec : bridle release list
BR-1189 = L’agent de { $release } ne démarre pas.
    .why = Il a été lancé plusieurs fois sans aller assez loin ; le précédent a été relancé.
    .fix = Tout revient en arrière de soi-même. Envoyez à l’éditeur la sortie de : journalctl -u bridle-agent -n 200
upgrade-committed = le changement est en vigueur
