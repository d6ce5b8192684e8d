# Mots des mises à jour, des retours en arrière et des changements de configuration.
step-restore-point = Conserver de quoi revenir en arrière
step-switch-agent = Passer la main à l’agent de { $release }
step-serve-images = { $count ->
        [0] Servir les images de { $release }
        [one] Servir les images de { $release } ; { $count } a changé sous son nom
       *[other] Servir les images de { $release } ; { $count } ont changé sous leur nom
    }
step-switch-kubernetes = Faire tourner Kubernetes { $version }
step-switch-kubernetes-emulated = Faire tourner Kubernetes { $version }, qui se comporte comme { $emulated } jusqu’à la confirmation
step-return-kubernetes = Faire tourner de nouveau Kubernetes { $version }
step-configuration = Mettre en place la révision { $revision } de la configuration
step-settle-programs = Démarrer désormais avec les programmes de { $release }
step-prune-releases = Retirer ce qui n’est plus utile ; restent : { $releases }
step-refresh-collation = Trier les textes selon les règles du serveur, dans { $sources }
step-copy-data = Copier les données des applications, depuis { $count } { $count ->
        [one] endroit
       *[other] endroits
    }
step-copy-bases = Copier les fichiers des serveurs de bases de données : { $sources }
step-copy-secrets = Copier les secrets de la grappe
step-soak = Tout surveiller : la santé doit tenir { $seconds } { $seconds ->
        [one] seconde
       *[other] secondes
    }
step-leftovers-gone = Retirer tout ce qui reste de { $count } { $count ->
        [one] partie
       *[other] parties
    } : { $charts }
operation-verifying = sous surveillance
BR-1180 = L’agent d’une autre version poursuit l’opération.
    .why = Une mise à jour apporte un nouvel agent, et c’est lui qui la termine.
    .fix = Il n’y a rien à faire. Suivez-la avec : bridle operation attach
operation-title-upgrade = Mise à jour vers { $release }
operation-title-rollback = Retour à { $release }
operation-title-configure = Changement de configuration de { $release }
operation-title-recreate = Renouvellement des applications de { $release }
BR-1181 = Le changement est en vigueur ; il ne peut plus être défait en cours de route.
    .why = Après la surveillance, le nouvel état a été confirmé, et ce qu’il faudrait pour revenir de la même façon n’est peut-être plus là.
    .fix = Laissez-le finir : bridle operation attach. Pour revenir à la version précédente, ensuite : bridle upgrade rollback
BR-1182 = { $to } ne peut pas remplacer { $from } directement.
    .why = L’éditeur dit quelles versions elle peut suivre : { $accepts }.
    .fix = Installez d’abord les versions intermédiaires, dans cet ordre : { $stops }. Demandez leurs fichiers à l’éditeur.
BR-1183 = Kubernetes ne peut pas passer de { $from } à { $to }.
    .why = Kubernetes monte d’une version mineure à la fois et ne redescend jamais ; ses données ne seraient pas comprises.
    .fix = Passez d’abord à une version de la plateforme avec la version mineure intermédiaire. Redescendre n’est possible qu’en restaurant une sauvegarde.
BR-1184 = Quelque chose a changé depuis que le plan a été montré : { $changed }.
    .why = Seul ce que vous avez vu et confirmé est fait.
    .fix = Regardez le nouveau plan avec : bridle upgrade plan. Lancez-le ensuite.
BR-1185 = Le plan a des constats bloquants.
    .why = La mise à jour échouerait à mi-chemin ou laisserait la plateforme en moins bon état.
    .fix = Corrigez les constats marqués comme bloquants, puis regardez de nouveau : bridle upgrade plan
BR-1186 = Aucune version n’est installée ici.
    .why = On ne peut changer que ce qui est installé.
    .fix = Installez d’abord une version : sudo ./NAME-VERSION.run install
BR-1187 = Il n’y a pas de version à laquelle revenir.
    .why = La version en service est la première ici, ou la précédente a été retirée.
    .fix = Voyez ce qu’il y a avec : bridle release list
BR-1188 = { $release } est déjà en service.
    .why = Rien ne changerait.
    .fix = Voyez ce qu’il y a d’autre avec : bridle release list
BR-1189 = L’agent de { $release } ne démarre pas.
    .why = Il a été lancé plusieurs fois sans aller assez loin ; le précédent a été relancé.
    .fix = Tout revient en arrière de soi-même. Envoyez à l’éditeur la sortie de : journalctl -u bridle-agent -n 200
upgrade-committed = le changement est en vigueur
basis-installed = une autre version est en service
basis-release = le fichier de la version est un autre
basis-profile = la configuration du site a été modifiée
basis-operations = une autre opération a eu lieu
basis-host = l’état du serveur
change-disk = Le changement demande { $needed } Mio, et { $free } Mio sont libres.
    .why = Il s’arrêterait à mi-chemin et reviendrait en arrière.
    .fix = Voyez où est passée la place, et retirez ce qui ne sert plus.
change-disk-tight = Le changement demande { $needed } Mio, et { $free } Mio sont libres.
    .why = Cela suffit, mais il reste peu pour les données pendant ce temps.
    .fix = Voyez où est passée la place.
change-profile-edited = La configuration sur le disque a des changements qui n’ont jamais été mis en place.
    .why = Ils prendraient effet avec la version, et nul ne saurait dire ce qui a causé quoi.
    .fix = Regardez-les et mettez-les en place d’abord, ou défaites-les.
change-drop-in = Le fichier { $path } remplace des réglages de Kubernetes dont dépend cette mise à niveau ({ $key }).
    .why = Tant qu’une mise à niveau n’est pas confirmée, le nouveau Kubernetes doit se comporter comme le précédent. Avec ce fichier il ne le ferait pas, et il n’y aurait pas de retour.
    .fix = Écrivez un + après le nom du réglage ({ $key }+), pour qu’il s’ajoute à la liste de Bridle, et n’y mettez pas emulated-version.
change-drop-in-unread = Le fichier { $path } ne peut pas être examiné : il est illisible, trop grand, ou il y en a trop de cette sorte.
    .why = Il remplace peut-être des réglages de Kubernetes dont dépend cette mise à niveau.
    .fix = Réunissez vos réglages pour k3s dans quelques petits fichiers.
change-silent = Kubernetes ne répond pas.
    .why = Nul ne peut dire ce qui tourne ; rien n’est donc changé.
    .fix = Réparez cela d’abord. Si Kubernetes ne démarre plus, même après un redémarrage du serveur : bridle cluster restore
change-node-down = Le serveur { $node } n’est pas prêt.
    .why = Ce qui est changé maintenant ne pourrait pas y démarrer.
    .fix = Réparez cela d’abord.
change-workload-down = { $workload } n’est pas prêt.
    .why = Après le changement, nul ne saurait dire s’il en est la cause ; tout reviendrait en arrière.
    .fix = Réparez cela d’abord.
change-database-major = La base { $source } passe de PostgreSQL { $from } à { $to }, et la version ne dit pas comment.
    .why = Les fichiers d’une version majeure ne se lisent pas avec une autre : les données seraient hors d’atteinte.
    .fix = Demandez à l’éditeur une version qui déclare comment les données sont reprises.
change-database-migration = La base { $source } passe de PostgreSQL { $from } à { $to } par export et import, ce que cette version de Bridle ne sait pas encore faire.
    .why = Lancé sur les anciens fichiers, le nouveau serveur ne démarrerait pas.
    .fix = Demandez à l’éditeur une version avec la même version majeure.
change-database-collation = L’ordre des textes de la base { $source } change ({ $from } vers { $to }) : { $size } Mio d’index sont reconstruits, en environ { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    }.
    .why = Les index sur des textes suivent l’ancien ordre et pourraient omettre des lignes jusque-là. Les utilisateurs sont servis pendant ce temps.
    .fix = Rien à faire : le changement le fait, et le retour le refait.
change-database-collation-unknown = L’ordre des textes de la base { $source } change ({ $from } vers { $to }) ; la quantité à reconstruire n’a pas pu être demandée.
    .why = Les index sur des textes suivent l’ancien ordre et pourraient omettre des lignes jusqu’à leur reconstruction par le changement.
    .fix = Voyez si la base de données fonctionne.
change-contract = { $chart } retire de ses données quelque chose dont la version précédente a besoin.
    .why = Revenir plus tard de cette version demande la copie des données qui est faite avant.
    .fix = Vérifiez que la copie des données est faite, et choisissez un moment où personne ne travaille.
change-contract-back = { $chart } a retiré de ses données quelque chose dont la version précédente a besoin.
    .why = La version précédente ne pourrait pas travailler avec les données telles qu’elles sont.
    .fix = Revenir demande une restauration des données.
change-kubernetes-stays = Kubernetes reste en { $runs } ; la version précédente venait avec { $wanted }.
    .why = Kubernetes ne revient jamais d’une version mineure une fois confirmée : il ne comprendrait plus ses propres données.
    .fix = Il n’y a rien à faire.
BR-1190 = Il n’y a pas de version plus récente sur ce serveur.
    .why = Une mise à jour demande une version d’un numéro plus élevé que celle en service.
    .fix = Apportez le fichier de l’éditeur avec : bridle release add FILE
end-because = Pourquoi : { $because } ({ $code })
upgrade-title = Passage de { $from } à { $to }
upgrade-changes = Ce qui change
upgrade-kubernetes = Kubernetes { $from } → { $to }
upgrade-kubernetes-same = Kubernetes reste en { $version }
upgrade-images = Images : { $new } { $new ->
        [one] nouvelle
       *[other] nouvelles
    } ({ $size }), { $unchanged } { $unchanged ->
        [one] inchangée
       *[other] inchangées
    }, { $gone } { $gone ->
        [one] devenue inutile
       *[other] devenues inutiles
    }
upgrade-images-same = Images : toutes inchangées ({ $unchanged })
upgrade-chart = { $chart } { $from } → { $to }
upgrade-chart-values = { $chart } : d’autres réglages
upgrade-chart-new = { $chart } { $to } est nouveau
upgrade-chart-gone = { $chart } { $from } s’en va ; ses données restent
upgrade-charts-same = { $count } { $count ->
        [one] partie reste telle quelle
       *[other] parties restent telles quelles
    }
upgrade-notes = Ce que dit l’éditeur
upgrade-commit = — à partir d’ici, c’est en vigueur et ne revient plus de soi-même —
upgrade-disk = Disque : { $needed } nécessaires, { $free } libres
upgrade-time = Prend environ { $time } ; les utilisateurs ne devraient rien remarquer. { $runs ->
        [0] Valeur habituelle ; rien de tel n’a encore eu lieu ici.
        [one] Connu d’un passage ici.
       *[other] Connu de { $runs } passages ici.
    }
upgrade-time-interrupted = Prend environ { $time } ; quelque chose est arrêté pour les utilisateurs jusqu’à { $down }. { $runs ->
        [0] Valeur habituelle ; rien de tel n’a encore eu lieu ici.
        [one] Connu d’un passage ici.
       *[other] Connu de { $runs } passages ici.
    }
upgrade-ask = Passer à { $release } maintenant ?
upgrade-ask-back = Revenir à { $release } maintenant ? Ce que les utilisateurs ont saisi reste.
upgrade-nothing = Rien n’a été changé.
upgrade-because = parce que : { $because }
upgrade-history-took = { $from ->
        [none] par { $by }, en { $time }
       *[other] depuis { $from }, par { $by }, en { $time }
    }
upgrade-history-since = { $from ->
        [none] par { $by }, depuis { $time }
       *[other] depuis { $from }, par { $by }, depuis { $time }
    }
upgrade-way-back = En cas d’échec avant l’entrée en vigueur, tout revient de soi-même à { $from }. Ce que les utilisateurs ont saisi reste.
upgrade-way-back-later = Une fois en vigueur, « bridle upgrade rollback » revient encore à { $from } ; Kubernetes reste alors en { $version }.
time-seconds = { $count } { $count ->
        [one] seconde
       *[other] secondes
    }
time-minutes = { $count } { $count ->
        [one] minute
       *[other] minutes
    }
time-hours = { $hours } h { $minutes } min
help-bridle-upgrade = Passer à une autre version, et revenir
    .examples =
        bridle upgrade plan # ce qui se passerait
        bridle upgrade start # demande d’abord, puis suit
help-bridle-upgrade-plan = Ce que ferait une mise à jour, avant de toucher à quoi que ce soit
    .more = Ce qui change, chaque étape avec sa durée habituelle et ce qui la défait, la place, et ce qui s’y oppose.
    .examples =
        bridle upgrade plan
        bridle upgrade plan campus-1.1.0 --json
    .release = Quelle version [par défaut : la plus récente du magasin]
    .no-data-copy = Ne pas copier avant les données des applications
    .detailed-exitcode = Finir avec le code 10 si quelque chose changerait
help-bridle-upgrade-start = Mettre à jour, après avoir montré le plan et demandé
    .more =
        Tout revient en arrière de soi-même si une étape échoue ou si la santé ne tient pas ensuite.
        Ctrl-C quitte ; la mise à jour continue.
    .examples =
        bridle upgrade start
        bridle upgrade start campus-1.1.0 --yes --detach
    .release = Quelle version [par défaut : la plus récente du magasin]
    .plan = Seulement si le plan est encore celui-ci
    .no-data-copy = Ne pas copier avant les données des applications
    .even-in = Nom de la période critique du calendrier pendant laquelle le faire malgré tout
    .yes = Ne pas demander
    .detach = Ne pas suivre
help-bridle-upgrade-rollback = Revenir à la version précédente
    .more = Pendant qu’une mise à jour a lieu ou est surveillée, tout revient en arrière ; plus tard, tout sauf la version mineure de Kubernetes et les données.
    .examples =
        bridle upgrade rollback
        bridle upgrade rollback --yes
    .plan = Seulement si le plan est encore celui-ci
    .no-data-copy = Ne pas copier avant les données des applications
    .even-in = Nom de la période critique du calendrier pendant laquelle le faire malgré tout
    .yes = Ne pas demander
    .detach = Ne pas suivre
help-bridle-upgrade-history = Les changements de version que ce serveur a connus
    .examples = bridle upgrade history
missing-indexes-anew = des index d’une base de données sont à reconstruire
missing-collation = des index de { $database } suivent d’autres règles de tri que le serveur
wait-collation = reconstruction des index de { $database } ({ $size } Mio)
missing-copy = il n’y a pas encore de copie des données de { $source }
node-old-kubelet = que le serveur { $node } dise qu’il fait tourner Kubernetes { $wanted } (il dit encore { $found })
change-not-rehearsed = Ce qui serait appliqué n’a pas pu être essayé avant ({ $code }).
    .why = Kubernetes n’y a pas répondu ; ce qu’il refuserait ne se verra qu’au milieu du changement, et tout reviendra alors.
    .fix = Essayez-le à part, et lisez ce qui est dit.
upgrade-renamed = Votre valeur { $from } passe d’elle-même à { $to }
upgrade-even-in = Pour le faire malgré tout, ajoutez : --even-in "{ $name }"
upgrade-rehearsed-all = Essayé sans rien changer : { $objects } objets, tous
upgrade-rehearsed = Essayé sans rien changer : { $tried } objets sur { $objects }
help-bridle-upgrade-rehearse = Essayer une mise à jour sans rien changer
    .more = Chaque partie est composée avec les valeurs de ce site et montrée à Kubernetes, qui dit s’il l’accepterait.
    .examples =
        bridle upgrade rehearse
        bridle upgrade rehearse campus-1.1.0 --json
    .release = Quelle version [par défaut : la plus récente du magasin]
operation-held = { $operation } a été lancée par { $by } le { $since } et n’est pas terminée.
