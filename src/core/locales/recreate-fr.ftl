# Mots du renouvellement des applications.

recreate-no-way-back = ce qui est retiré revient en continuant, pas en revenant en arrière
leftover-there = { $what } de { $chart } est encore là
leftovers-there = { $count } { $count ->
        [one] élément est
       *[other] éléments sont
    } encore là, d’abord { $what }
wait-leftovers-freed = { $what } était retenu par un programme disparu ; il est libéré
leftovers-unseen = Kubernetes ne dit pas ce qu’il y a de { $what }

recreate-of = Renouvellement des applications de { $release } sur { $site }
recreate-goes = Ce qui est retiré et refait
recreate-stays = Ce qui reste tel quel
recreate-goes-nothing = il n’en reste rien
recreate-stays-nothing = il n’y a rien d’autre
recreate-more = et { $count } de plus
recreate-item-data = données : { $name }
recreate-item-secret = mot de passe ou clé : { $name }
recreate-item-foreign = créé par quelqu’un d’autre : { $name }
recreate-item = { $name }
recreate-steps = Étapes
recreate-means = Les utilisateurs ne peuvent pas travailler pendant ce temps. Données, mots de passe et réglages restent.
recreate-unseen = Kubernetes ne répond pas, personne ne peut donc dire ce qui est là ; le plan est le même.
recreate-lasts = La dernière mise en place a pris environ { $time }.
recreate-ask = Retirer et refaire les applications maintenant ?
recreate-dry-run = Ce n’était que le plan ; rien n’a été modifié.
recreate-nothing-changed = Rien n’a été modifié.

BR-1270 = Un renouvellement des applications ne peut pas être annulé.
    .why = Ce qui a été retiré n’est plus là ; seul le fait de continuer le ramène.
    .fix = Laissez-le continuer avec : bridle operation retry, ou après une pause avec : bridle operation continue
BR-1271 = Un élément des applications ne peut pas être retiré : { $what }.
    .why = Kubernetes a reçu l’ordre de le retirer et le garde encore. Le refaire à côté de l’ancien mélangerait les deux.
    .fix = Voyez qui le retient avec : kubectl get -o yaml. Corrigez cela, puis : bridle operation retry
BR-1272 = Le renouvellement doit être confirmé, et personne ne peut répondre.
    .why = L’entrée n’est pas un terminal, et les utilisateurs ne peuvent pas travailler pendant ce temps.
    .fix = Voyez le plan avec : bridle application recreate --dry-run. Puis : bridle application recreate --yes
BR-1273 = La plateforme n’est plus comme au moment où le plan a été montré.
    .why = Ce qui est confirmé est ce qui est fait ; quelque chose a changé entre-temps.
    .fix = Regardez et confirmez à nouveau : bridle application recreate

help-bridle-application = Les applications de la plateforme
    .examples =
        bridle application recreate --dry-run # ce que ferait un renouvellement
        bridle application recreate
help-bridle-application-recreate = Retirer les applications et les refaire, quel que soit leur état
    .more =
        Pour une plateforme abîmée : services supprimés par erreur, mise à niveau faite à moitié à la main. Tout ce qui
        appartient aux applications de la version installée est retiré, même ce que Kubernetes ou Helm ont perdu de vue, puis
        remis en place comme par une installation neuve. Données, mots de passe et réglages restent ; ce que d’autres ont
        créé reste aussi. Les utilisateurs ne peuvent pas travailler pendant ce temps. L’opération continue d’elle-même, même
        après un redémarrage du serveur ; Ctrl-C ne quitte que cette commande.
    .examples =
        bridle application recreate --dry-run # montrer seulement le plan
        bridle application recreate # pose la question
    .dry-run = Montrer seulement le plan : ce qui part, ce qui reste, combien de temps cela prend
    .yes = Ne pas poser de question
